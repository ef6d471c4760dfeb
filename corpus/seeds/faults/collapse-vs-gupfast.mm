# rules: G16
config ptes=4
mmap p0 0+4 rw
write p0 2 a
race get p0 2 r h0 at 1,1,1,1
madvise p0 0+4 collapse
