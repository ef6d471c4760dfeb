# rules: R31
config ptes=4
mmap p0 0+1 rw
write p0 0 a
race write p0 0 b at end
madvise p0 0+1 free
