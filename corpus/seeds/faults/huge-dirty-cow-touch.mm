# rules: D4 D8 B14
# A look at the huge zero page must not make a forced write believe that COW is done.
mmap p0 0+8 r
thp always=3
read p0 0 -> 0
fork p0 p1
get p0 0 r h0
pin p0 0 r h1
poke p0 0 a
read p1 0 -> 0
read p0 0 -> a
dma_read h0 0 -> 0
