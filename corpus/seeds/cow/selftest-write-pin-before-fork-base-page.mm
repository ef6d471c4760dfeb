# rules: C6 D9
# The COW selftest on a single small page: a buffer pinned for writing stays the parent's, both ways, and never the child's.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0 longterm fast -> 1
fork p0 p1
write p0 0 b
dma_read h0 0 -> b
dma_write h0 0 c
read p0 0 -> c
read p1 0 -> a
