# rules: M17
# Reclaim leaves locked memory alone.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
mlock p0 0+1
swap_out p0 0 -> EBUSY
