# rules: K7
config ptes=4
thp always=2
mmap p0 0+8 rw
read p0 0
uffd_register p0 4+4 missing
uffd_move p0 0+4 4
