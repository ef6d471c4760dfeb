# rules: D15 D21
# A protnone entry ends the lockless walk; the slow walk follows it.
mmap p0 0+2 rw
write p0 0 a
numa_hint p0 0+2
pin p0 0 rw h0 fast -> 1
dma_read h0 0 -> a
