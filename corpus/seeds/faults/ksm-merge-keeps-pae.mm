# rules: P2
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 populate_write
madvise p0 0+2 mergeable
ksm p0 0 p0 1
