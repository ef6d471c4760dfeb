# rules: D3 H11
# A NUMA hint is followed directly, too: the entry keeps its hint.
mmap p0 0+2 rw
write p0 0 a
numa_hint p0 0+2
get p0 0 r h0 -> 1
dma_read h0 0 -> a
read p0 0 -> a
write p0 0 b
dma_read h0 0 -> b
