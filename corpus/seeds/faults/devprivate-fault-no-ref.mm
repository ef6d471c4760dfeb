# rules: N12
config ptes=4
mmap p0 0+1 rw
dev_setup d0 p0 0+1 l0
dev_pages l0 device
dev_finalize l0
lock p0 0 l0
read p0 0
