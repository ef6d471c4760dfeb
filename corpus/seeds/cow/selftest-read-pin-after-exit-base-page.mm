# rules: B6 C4 D5 D9
# The COW selftest on a single small page: a read-only pin of a page that was shared before sees what its owner writes.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
pin p0 0 r h0 -> 1
write p0 0 b
dma_read h0 0 -> b
