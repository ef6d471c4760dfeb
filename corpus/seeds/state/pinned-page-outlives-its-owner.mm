# rules: Z5 D13
# A pinned page is freed when its pins drop, not when its owner exits.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0 -> 1
fork p0 p1
exit p0
dma_write h0 0 b -> ok
dma_read h0 0 -> b
read p1 0 -> a
put h0 -> ok
dma_read h0 0 -> EBADF
