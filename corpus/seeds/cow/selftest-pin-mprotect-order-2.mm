# rules: D9 H4
# The COW selftest on a PTE-mapped folio of order 2: mprotect to read-only and back under a pin keeps page and pin together.
config ptes=32
mmap p0 0+4 rw
thp always=2
write p0 1 a
pin p0 1 rw h0 longterm fast -> 1
mprotect p0 0+4 r
mprotect p0 0+4 rw
write p0 1 b
dma_read h0 0 -> b
