# rules: P1
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 mergeable
write p0 0 a
write p0 1 a
dev_exclusive d0 p0 0 l0
drop l0
ksm p0 0 p0 1
