# rules: K5
config ptes=4
mmap p0 0+2 rw
pin p0 0 rw h0
uffd_register p0 1+1 missing
uffd_move p0 0+1 1
