# rules: K7
config ptes=4
thp always=2
mmap p0 0+8 rw
write p0 0 a
uffd_register p0 4+4 missing
migrate p0 0 l0
uffd_move p0 0+4 4
