# rules: C6 C7 D9
# The COW selftest on a PTE-mapped folio of order 4: a buffer pinned for writing stays the parent's, both ways, and never the child's.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
pin p0 9 rw h0 longterm fast -> 1
fork p0 p1
write p0 9 b
dma_read h0 0 -> b
dma_write h0 0 c
read p0 9 -> c
read p1 9 -> a
