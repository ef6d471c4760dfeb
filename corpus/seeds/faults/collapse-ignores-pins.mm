# rules: G15
config ptes=4
mmap p0 0+4 rw
get p0 0 rw h0
madvise p0 0+4 collapse
