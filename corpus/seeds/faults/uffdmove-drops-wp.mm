# rules: K8
config ptes=4
mmap p0 0+2 rw
write p0 0 a
uffd_register p0 0+2 wp
uffd_wp p0 0+1 on
swap_out p0 0
uffd_move p0 0+1 1
write p0 1 b -> SIGBUS
