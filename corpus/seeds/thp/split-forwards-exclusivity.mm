# rules: G2
# After the split of an exclusive huge page each page is exclusive: a read-only pin takes it without an unshare.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mprotect p0 7+1 r
fail_alloc 1
pin p0 0+8 r h0 -> 8
lock p0 0 l0
fail_alloc 1
write p0 3 b -> ok
dma_read h0 3 -> b
