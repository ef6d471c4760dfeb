# rules: N17 N12 G15
# A collapse faults the device's pages in first.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 c
madvise p0 0+8 collapse -> ok
read p0 0 -> c
read p0 1 -> b
