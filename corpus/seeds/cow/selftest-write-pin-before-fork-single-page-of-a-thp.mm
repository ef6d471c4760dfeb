# rules: C6 C7 D9 G2
# The COW selftest on the one page left of a THP: a buffer pinned for writing stays the parent's, both ways, and never the child's.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+5 dontneed
madvise p0 6+2 dontneed
pin p0 5 rw h0 longterm fast -> 1
fork p0 p1
write p0 5 b
dma_read h0 0 -> b
dma_write h0 0 c
read p0 5 -> c
read p1 5 -> a
