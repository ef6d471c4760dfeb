# rules: B7 B9 B13 C8 D5 D9 G2
# The COW selftest on a THP mapped by a PMD: a read-only pin of a shared page unshares it first, so the pin sees what its owner writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
pin p0 5 r h0 longterm fast -> 1
write p0 5 b
dma_read h0 0 -> b
read p1 5 -> a
