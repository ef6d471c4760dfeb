# rules: D8 D7
# A walk over a huge page takes one reference a page and names consecutive pages.
mmap p0 0+8 rw
thp always=3
write p0 2 a
write p0 5 b
pin p0 2+4 rw h0 -> 4
dma_read h0 0 -> a
dma_read h0 3 -> b
dma_write h0 1 c
read p0 3 -> c
