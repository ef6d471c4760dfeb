# rules: C6 C7 D9 G2
# The COW selftest on a THP of PMD order mapped by PTEs: a buffer pinned for writing stays the parent's, both ways, and never the child's.
mmap p0 0+8 rw
thp always=3
write p0 5 a
mprotect p0 0+1 r
mprotect p0 0+1 rw
pin p0 5 rw h0 longterm fast -> 1
fork p0 p1
write p0 5 b
dma_read h0 0 -> b
dma_write h0 0 c
read p0 5 -> c
read p1 5 -> a
