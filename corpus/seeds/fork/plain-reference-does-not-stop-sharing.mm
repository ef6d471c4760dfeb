# rules: D6
# A GET reference is no pin: the page is shared, and the holder loses sight of what the owner writes.
mmap p0 0+1 rw
write p0 0 a
get p0 0 rw h0 -> 1
fork p0 p1
write p0 0 b
dma_read h0 0 -> a
dma_write h0 0 c
read p0 0 -> b
read p1 0 -> c       # the old page is the child's now
