# rules: H5
config ptes=4
mmap p0 0+1 rw
uffd_register p0 0+1 wp
write p0 0 a
migrate p0 0 l0
uffd_unregister p0 0+1
