# rules: C4 C5 C6 C7 D9 G2
# The COW selftest on an exclusive page of a THP whose other half was shared before: a buffer pinned for writing stays the parent's, both ways, and never the child's.
mmap p0 0+8 rw
thp always=3
write p0 2 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
pin p0 2 rw h0 longterm fast -> 1
fork p0 p1
write p0 2 b
dma_read h0 0 -> b
dma_write h0 0 c
read p0 2 -> c
read p1 2 -> a
