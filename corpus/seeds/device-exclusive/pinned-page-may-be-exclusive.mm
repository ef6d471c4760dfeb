# rules: O2 O4
# Neither pins nor references keep a page from being exclusive to a device: all of them see one page.
mmap p0 0+8 rw
write p0 0 a
pin p0 0 rw h0 -> 1
get p0 0 r h1 -> 1
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dma_write h0 0 b
dev_read d0 p0 0 -> b
dev_write d0 p0 0 c
dma_read h0 0 -> c
dma_read h1 0 -> c
read p0 0 -> c
put h0
put h1
