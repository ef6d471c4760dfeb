# rules: D9 H4
# The COW selftest on a PTE-mapped folio of order 3: mprotect to read-only and back under a pin keeps page and pin together.
config ptes=32
mmap p0 0+8 rw
thp always=3
write p0 5 a
pin p0 5 rw h0 longterm fast -> 1
mprotect p0 0+8 r
mprotect p0 0+8 rw
write p0 5 b
dma_read h0 0 -> b
