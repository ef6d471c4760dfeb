# rules: D4 B9
# A walk for writing first breaks COW, so the handle is on the owner's own page.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
get p0 0 rw h0 -> 1
dma_write h0 0 b
read p0 0 -> b
read p1 0 -> a
