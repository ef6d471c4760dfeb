# rules: D9 G2 H4
# The COW selftest on a THP of PMD order mapped by PTEs: mprotect to read-only and back under a pin keeps page and pin together.
mmap p0 0+8 rw
thp always=3
write p0 5 a
mprotect p0 0+1 r
mprotect p0 0+1 rw
pin p0 5 rw h0 longterm fast -> 1
mprotect p0 0+8 r
mprotect p0 0+8 rw
write p0 5 b
dma_read h0 0 -> b
