# rules: Z3
config ptes=4
mmap p0 0+1 rw
read p0 0
uffd_register p0 0+1 missing
uffd_poison p0 0
