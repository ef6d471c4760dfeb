# rules: B7 C4 D9 G2 H4
# The COW selftest on a page of a THP that was shared before: mprotect to read-only and back under a pin keeps page and pin together.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
pin p0 5 rw h0 longterm fast -> 1
mprotect p0 0+8 r
mprotect p0 0+8 rw
write p0 5 b
dma_read h0 0 -> b
