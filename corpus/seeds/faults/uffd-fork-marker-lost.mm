# rules: C15
config ptes=4 uffd=async uffd_fork=on
mmap p0 0+1 rw
uffd_register p0 0+1 wp
uffd_wp p0 0+1 on
fork p0 p1
