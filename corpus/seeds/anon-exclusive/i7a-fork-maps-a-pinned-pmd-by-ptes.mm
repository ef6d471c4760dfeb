# rules: C8 C6 G2
# "(or PTE-map a PMD to handle it on the PTE level)"
thp always=3
mmap p0 8+8 rw
write p0 8 a -> ok
pin p0 13 rw h0 -> 1
fork p0 p1 -> ok
dma_write h0 0 b -> ok
read p0 13 -> b
read p1 13 -> 0
read p1 8 -> a
