# rules: B8 B9 C4 D6 H4
# The COW selftest on a PTE-mapped folio of order 4: the same with mprotect to read-only and back in the parent.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
fork p0 p1
get p1 9 r h0 fast -> 1
munmap p1 0+16
mprotect p0 0+16 r
mprotect p0 0+16 rw
write p0 9 b
dma_read h0 0 -> a
