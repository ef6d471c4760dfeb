# rules: D16 D21
# A PMD leaf is taken at one blow, as many pages of it as are wanted.
mmap p0 0+8 rw
thp always=3
write p0 3 a
pin p0 2+4 rw h0 fast -> 4
dma_read h0 1 -> a
fork p0 p1
get p1 3 r h1 fast -> 1
write p0 3 b
dma_read h0 1 -> b
dma_read h1 0 -> a
