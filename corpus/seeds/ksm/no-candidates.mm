# rules: P1
# What ksmd does not merge.
mmap p0 0+8 rw
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> EFAULT
madvise p0 0+8 mergeable
ksm p0 0 p1 0 -> ESRCH
ksm p0 0 p0 2 -> EFAULT
read p0 2 -> 0
ksm p0 0 p0 2 -> EFAULT
write p0 3 a
ksm p0 0 p0 3 -> EINVAL
ksm_zero p0 3 -> EINVAL
ksm_zero p0 5 -> EFAULT
