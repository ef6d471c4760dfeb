# rules: B6 B9 C4 D6 H4
# The COW selftest on a single small page: the same with mprotect to read-only and back in the parent.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
get p1 0 r h0 fast -> 1
munmap p1 0+1
mprotect p0 0+1 r
mprotect p0 0+1 rw
write p0 0 b
dma_read h0 0 -> a
