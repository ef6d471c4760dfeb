# rules: N4
config ptes=4
mmap p0 0+1 rw
dev_setup d0 p0 0+1 l0
dev_pages l0 device
dev_finalize l0
dev_setup d0 p0 0+1 l0 private
