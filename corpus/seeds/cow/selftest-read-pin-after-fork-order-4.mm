# rules: B7 B9 C4 D5 D9
# The COW selftest on a PTE-mapped folio of order 4: a read-only pin of a shared page unshares it first, so the pin sees what its owner writes.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
fork p0 p1
pin p0 9 r h0 longterm fast -> 1
write p0 9 b
dma_read h0 0 -> b
read p1 9 -> a
