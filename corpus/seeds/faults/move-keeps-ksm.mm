# rules: J4
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 populate_write
madvise p0 0+2 mergeable
ksm p0 0 p0 1
mremap p0 0+2 9+2 maymove fixed
