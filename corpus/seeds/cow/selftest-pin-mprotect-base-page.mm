# rules: D9 H4
# The COW selftest on a single small page: mprotect to read-only and back under a pin keeps page and pin together.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0 longterm fast -> 1
mprotect p0 0+1 r
mprotect p0 0+1 rw
write p0 0 b
dma_read h0 0 -> b
