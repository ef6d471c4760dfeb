# rules: H11
# Pinned pages and pages that may be shared get no hint: they stay as accessible as they were.
mmap p0 0+3 rw
write p0 0 a
write p0 1 b
fork p0 p1
write p0 0 a
pin p0 0 rw h0
numa_hint p0 0+3 -> ok
read p0 0 -> a
read p0 1 -> b
fail_alloc 1
write p0 0 c -> ok
dma_read h0 0 -> c
numa_hint p0 9+1 -> ok
