# rules: G15
config ptes=4
mmap p0 0+4 rw
madvise p0 0+4 populate_write
uffd_register p0 0+4 wp
uffd_wp p0 0+1 on
madvise p0 0+4 collapse
