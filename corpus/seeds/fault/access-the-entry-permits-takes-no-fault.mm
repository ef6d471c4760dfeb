# rules: A9
# An access that the entry permits allocates nothing and waits for nobody, whoever holds the folio.
mmap p0 0+8 rw
write p0 0 a
get p0 0 r h0 -> 1
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b
