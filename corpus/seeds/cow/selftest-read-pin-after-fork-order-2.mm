# rules: B7 B9 C4 D5 D9
# The COW selftest on a PTE-mapped folio of order 2: a read-only pin of a shared page unshares it first, so the pin sees what its owner writes.
config ptes=32
mmap p0 0+4 rw
thp always=2
write p0 1 a
fork p0 p1
pin p0 1 r h0 longterm fast -> 1
write p0 1 b
dma_read h0 0 -> b
read p1 1 -> a
