# rules: G17
config ptes=4
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
madvise p0 0+4 collapse
write p1 0 b
