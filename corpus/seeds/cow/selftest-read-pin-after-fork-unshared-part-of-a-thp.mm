# rules: B7 B9 C4 D5 D9 G2
# The COW selftest on an exclusive page of a THP whose other half was shared before: a read-only pin of a shared page unshares it first, so the pin sees what its owner writes.
mmap p0 0+8 rw
thp always=3
write p0 2 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
fork p0 p1
pin p0 2 r h0 longterm fast -> 1
write p0 2 b
dma_read h0 0 -> b
read p1 2 -> a
