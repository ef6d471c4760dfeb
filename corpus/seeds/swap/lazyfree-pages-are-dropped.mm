# rules: E9 I8
# Reclaim drops what MADV_FREE gave up, without IO; what was written since is kept.
config swap=0
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
madvise p0 1+2 free -> ok
write p0 2 c
swap_out p0 1 -> ok
read p0 1 -> 0
swap_out p0 2 -> EBUSY     # swapbacked again
read p0 2 -> c
swap_out p0 2 -> EBUSY     # and there is no device
