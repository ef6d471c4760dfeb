# rules: R17
config ptes=4
mmap p0 0+4 rw
write p0 0 a
race write p0 0 b at 3
madvise p0 0+4 collapse
