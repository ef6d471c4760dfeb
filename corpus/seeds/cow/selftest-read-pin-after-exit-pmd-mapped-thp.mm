# rules: B13 C8 D5 D9
# The COW selftest on a THP mapped by a PMD: a read-only pin of a page that was shared before sees what its owner writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
exit p1
pin p0 5 r h0 -> 1
write p0 5 b
dma_read h0 0 -> b
