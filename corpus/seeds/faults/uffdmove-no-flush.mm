# rules: R17 K5
config ptes=4
mmap p0 0+2 rw
write p0 0 a
uffd_register p0 0+2 missing
race write p0 0 b at end
uffd_move p0 0+1 1
