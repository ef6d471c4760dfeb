# rules: B6 B9 C4 D6 I1
# The COW selftest on a single small page: the child keeps a plain reference and unmaps; what the parent writes later stays unseen.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
get p1 0 r h0 fast -> 1
munmap p1 0+1
write p0 0 b
dma_read h0 0 -> a
