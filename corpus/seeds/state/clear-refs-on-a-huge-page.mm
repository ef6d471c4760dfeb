# rules: Z4 B13 B15
# A huge page loses its write bit even when pinned; its exclusivity stays, so the write fault reuses it.
config soft_dirty=on
mmap p0 0+8 rw
thp always=3
write p0 3 a
pin p0 3 rw h0
clear_refs p0
lock p0 0 l0
fail_alloc 1
write p0 3 b -> ok
dma_read h0 0 -> b
