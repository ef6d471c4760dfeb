# rules: D15 D5 D21
# A read-only pin that finds a shared page backs off and unshares it the slow way.
mmap p0 0+2 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0 fast -> 1
write p0 0 b
dma_read h0 0 -> b
get p1 0 r h1 fast -> 1
dma_read h1 0 -> a
