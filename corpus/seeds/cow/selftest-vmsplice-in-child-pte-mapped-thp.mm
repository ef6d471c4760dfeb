# rules: B8 B9 C4 D6 G2 I1
# The COW selftest on a THP of PMD order mapped by PTEs: the child keeps a plain reference and unmaps; what the parent writes later stays unseen.
mmap p0 0+8 rw
thp always=3
write p0 5 a
mprotect p0 0+1 r
mprotect p0 0+1 rw
fork p0 p1
get p1 5 r h0 fast -> 1
munmap p1 0+8
write p0 5 b
dma_read h0 0 -> a
