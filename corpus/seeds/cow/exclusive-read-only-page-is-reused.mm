# rules: B3 B4 B5 B6
# A read-only pin of a sole owner's page only makes it exclusive; the write after it reuses the page, pin and lock or not.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
pin p0 0 r h0 -> 1  # UNSHARE fault: reuse, the entry stays read-only
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok  # exclusive: nothing else is asked
dma_read h0 0 -> b
