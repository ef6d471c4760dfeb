# rules: B7 B9 C4 D5 D9
# The COW selftest on a PTE-mapped folio of order 3: a read-only pin of a shared page unshares it first, so the pin sees what its owner writes.
config ptes=32
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
pin p0 5 r h0 longterm fast -> 1
write p0 5 b
dma_read h0 0 -> b
read p1 5 -> a
