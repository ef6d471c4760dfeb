# rules: Z3
# Where a leaf is mapped nothing can be filled in.
config ptes=4
mmap p0 0+4 rw
thp always=2
write p0 0 a
uffd_register p0 0+4 both -> ok
uffd_copy p0 1 b -> EEXIST
uffd_zero p0 1 -> EEXIST
read p0 1 -> 0
