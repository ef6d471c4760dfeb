# rules: N8
config ptes=4
mmap p0 0+1 rw
dev_setup d0 p0 0+1 l0
write p0 0 a
dev_pages l0 device
dev_finalize l0
read p0 0
