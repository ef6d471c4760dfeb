# rules: I6 E21 E22
# MADV_FREE of a swapped page gives up its slot, and takes a cached folio out of the swap cache.
config swap=3
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
swap_out p0 2 -> ok
read p0 2 -> b
madvise p0 0+4 free -> ok
read p0 1 -> 0
swap_out p0 2 -> ok        # dropped: lazyfree
read p0 2 -> 0
