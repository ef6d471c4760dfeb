# rules: K5
thp always=2
mmap p0 0+8 rw
write p0 0 a
uffd_register p0 4+4 missing
uffd_move p0 0+1 4
