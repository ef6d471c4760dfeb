# rules: C12
config ptes=4
mmap p0 0+1 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system
dev_pages l0 device
dev_finalize l0
fork p0 p1
write p0 0 b
read p1 0
