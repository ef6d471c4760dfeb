# rules: N8
config ptes=4
mmap p0 0+1 rw
uffd_register p0 0+1 missing
dev_setup d0 p0 0+1 l0
dev_pages l0 device
