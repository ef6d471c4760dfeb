# rules: C21
config ptes=4
mmap p0 0+1 rw
uffd_register p0 0+1 wp
write p0 0 a
uffd_wp p0 0+1 on
fork p0 p1
