# rules: H7 R17
config ptes=4
mmap p0 0+1 rw
write p0 0 a
uffd_register p0 0+1 wp
race write p0 0 b at end
uffd_wp p0 0+1 on
