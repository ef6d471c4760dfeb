# rules: K5
config ptes=4
mmap p0 0+2 rw
write p0 0 a
uffd_register p0 1+1 missing
race pin p0 0 rw h0 at 1,1,1,1
uffd_move p0 0+1 1
