# rules: K5
config ptes=4
mmap p0 0+3 rw
madvise p0 0+2 populate_write
madvise p0 0+3 mergeable
ksm p0 0 p0 1
uffd_register p0 2+1 missing
uffd_move p0 0+1 2
