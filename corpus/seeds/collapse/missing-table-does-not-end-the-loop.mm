# rules: G24
# Where even the PMD table is missing the loop goes on.
config ptes=4
mmap p0 12+8 rw
write p0 16 a
madvise p0 12+8 collapse -> EINVAL
lock p0 16 l0
lock p0 19 l1 -> EAGAIN
