# rules: P3 P6 S4
# The zero page placed by KSM is marked, so that it can be told from others when it is unmerged.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm_zero p0 0 -> ok
lock p0 0 l0 -> EFAULT
read p0 2 -> 0
madvise p0 0+4 unmergeable
lock p0 0 l0 -> ok
lock p0 2 l1 -> EFAULT      # an ordinary zero page stays
ksm_zero p0 1 -> EFAULT
