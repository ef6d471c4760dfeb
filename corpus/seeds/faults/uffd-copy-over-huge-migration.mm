# rules: Z3
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
uffd_register p0 0+4 missing
migrate p0 0 l0
uffd_copy p0 1 b -> EEXIST
