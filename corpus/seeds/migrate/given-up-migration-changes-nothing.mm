# rules: F12 F8
# Ended without a copy, the source comes back with W and exclusivity.
mmap p0 0+4 rw
write p0 0 a
get p0 0 r h0 -> 1
migrate p0 0 l0 -> ok
migrate_copy l0 -> EAGAIN
migrate_end l0 -> ok
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b         # the same page still
