# rules: G2
# "Simply forward PG_anon_exclusive to all sub-pages": a pin of one page survives the PMD split and
# the reuse that follows.
thp always=3
mmap p0 8+8 rw
write p0 8 a -> ok
pin p0 13 rw h0 -> 1
mprotect p0 8+4 r -> ok
mprotect p0 8+8 rw -> ok
write p0 13 b -> ok
dma_read h0 0 -> b
