# rules: B7 C4 D5 D9
# The COW selftest on a PTE-mapped folio of order 3: a read-only pin of a page that was shared before sees what its owner writes.
config ptes=32
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
exit p1
pin p0 5 r h0 -> 1
write p0 5 b
dma_read h0 0 -> b
