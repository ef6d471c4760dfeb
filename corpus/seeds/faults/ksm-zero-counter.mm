# rules: P3
config ptes=4
mmap p0 0+1 rw
madvise p0 0+1 mergeable
write p0 0 0
ksm_zero p0 0
