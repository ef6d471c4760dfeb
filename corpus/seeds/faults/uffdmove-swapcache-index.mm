# rules: K8
config ptes=4
mmap p0 0+2 rw
write p0 0 a
swap_out p0 0
madvise p0 0+1 willneed
uffd_register p0 1+1 missing
uffd_move p0 0+1 1
