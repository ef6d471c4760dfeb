# rules: B6 B9 C4 D5 D9
# The COW selftest on a single small page: a read-only pin of a shared page unshares it first, so the pin sees what its owner writes.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0 longterm fast -> 1
write p0 0 b
dma_read h0 0 -> b
read p1 0 -> a
