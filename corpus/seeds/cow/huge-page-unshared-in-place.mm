# rules: B15 B13 D8
# A read-only pin of a sole owner's huge page makes it exclusive and leaves the entry read-only; then the write reuses it.
mmap p0 0+8 rw
thp always=3
write p0 0 a
fork p0 p1
exit p1
fail_alloc 1
pin p0 0+8 r h0 -> 8
lock p0 0 l0
fail_alloc 1
write p0 6 b -> ok
dma_read h0 6 -> b
