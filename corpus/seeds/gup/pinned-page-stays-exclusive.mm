# rules: D9 INV3
# While pinned a page survives fork, mprotect and MADV_FREE in its owner's table.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0 -> 1
fork p0 p1
mprotect p0 0+1 r
fork p0 p2
mprotect p0 0+1 rw
write p0 0 b
dma_read h0 0 -> b
read p1 0 -> a
read p2 0 -> a
