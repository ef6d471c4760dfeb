# rules: B8 B9 C4 D6 G2 H4
# The COW selftest on a page of a THP that was shared before: the same with mprotect to read-only and back in the parent.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
fork p0 p1
get p1 5 r h0 fast -> 1
munmap p1 0+8
mprotect p0 0+8 r
mprotect p0 0+8 rw
write p0 5 b
dma_read h0 0 -> a
