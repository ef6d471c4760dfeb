# rules: J7
config ptes=4
mmap p0 0+1 rw
write p0 0 a
uffd_register p0 0+1 wp
uffd_wp p0 0+1 on
mremap p0 0+1 8+1 maymove fixed
