# rules: D9 H4
# The COW selftest on a PTE-mapped folio of order 4: mprotect to read-only and back under a pin keeps page and pin together.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
pin p0 9 rw h0 longterm fast -> 1
mprotect p0 0+16 r
mprotect p0 0+16 rw
write p0 9 b
dma_read h0 0 -> b
