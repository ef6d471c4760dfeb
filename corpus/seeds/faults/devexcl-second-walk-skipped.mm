# rules: O2
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
dev_exclusive d0 p0 0 l0
dev_write d0 p0 0 b
read p1 0
