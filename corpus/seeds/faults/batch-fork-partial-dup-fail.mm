# rules: C16 C7
# A refused run shares nothing of what it refused: the pinned page is copied wherever it stands in the run.
mmap p0 0+4 rw
thp always=2
write p0 2 a
pin p0 2 rw h0
fork p0 p1
write p0 2 b
dma_read h0 0 -> b
read p1 2 -> a
