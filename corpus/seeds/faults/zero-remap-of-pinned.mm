# rules: G7
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
pin p0 1 rw h0
split p0 0 order=0 -> EAGAIN
dma_write h0 0 b
read p0 1 -> b
