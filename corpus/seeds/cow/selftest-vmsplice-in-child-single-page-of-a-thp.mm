# rules: B7 B9 C4 D6 G2 I1
# The COW selftest on the one page left of a THP: the child keeps a plain reference and unmaps; what the parent writes later stays unseen.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+5 dontneed
madvise p0 6+2 dontneed
fork p0 p1
get p1 5 r h0 fast -> 1
munmap p1 0+8
write p0 5 b
dma_read h0 0 -> a
