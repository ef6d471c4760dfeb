# rules: E14 E15
# A write fault of the only user takes the folio out of the swap cache, so that the next reclaim writes anew.
config swap=1
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
write p0 1 b -> ok
write p0 2 c
swap_out p0 2 -> ok     # the one slot is free again
swap_out p0 1 -> EBUSY
read p0 2 -> c
