# rules: H7 E12
config ptes=4
mmap p0 0+1 rw
write p0 0 a
uffd_register p0 0+1 wp
swap_out p0 0
write p0 0 b
