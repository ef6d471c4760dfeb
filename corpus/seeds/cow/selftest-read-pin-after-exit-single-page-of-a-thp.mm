# rules: B7 B9 C4 D5 D9 G2
# The COW selftest on the one page left of a THP: a read-only pin of a page that was shared before sees what its owner writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+5 dontneed
madvise p0 6+2 dontneed
fork p0 p1
exit p1
pin p0 5 r h0 -> 1
write p0 5 b
dma_read h0 0 -> b
