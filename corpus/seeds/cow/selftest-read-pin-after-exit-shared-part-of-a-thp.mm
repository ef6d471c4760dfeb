# rules: B7 C4 D5 D9 G2
# The COW selftest on a page of a THP that was shared before: a read-only pin of a page that was shared before sees what its owner writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
fork p0 p1
exit p1
pin p0 5 r h0 -> 1
write p0 5 b
dma_read h0 0 -> b
