# rules: B7 C4 D5 D9 G2
# The COW selftest on a THP of PMD order mapped by PTEs: a read-only pin of a page that was shared before sees what its owner writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
mprotect p0 0+1 r
mprotect p0 0+1 rw
fork p0 p1
exit p1
pin p0 5 r h0 -> 1
write p0 5 b
dma_read h0 0 -> b
