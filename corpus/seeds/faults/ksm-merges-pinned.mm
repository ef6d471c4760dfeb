# rules: P2
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 populate_write
madvise p0 0+2 mergeable
isolate p0 0 l0
ksm p0 0 p0 1
