# rules: D15 D21 D7
# The lockless walk takes what it can and the slow walk the rest; the result is that of the slow walk.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
pin p0 0+4 r h0 fast -> 4  # two pages, then two zero pages the slow way
dma_read h0 1 -> b
dma_read h0 3 -> 0
fork p0 p1
pin p1 0 r h1 fast -> 1    # a copy of its own since the fork
write p1 0 c
dma_read h1 0 -> c
