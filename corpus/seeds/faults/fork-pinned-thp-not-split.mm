# rules: C8 C7
# A pin on a tail page of a huge page has fork split the PMD and copy.
mmap p0 0+8 rw
thp always=3
write p0 5 a
pin p0 5 rw h0
fork p0 p1
write p0 5 b
dma_read h0 0 -> b
read p1 5 -> a
