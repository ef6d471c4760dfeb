# rules: A13 I17
# A hole is ENOMEM, missing rights are EINVAL, a guard region is EFAULT; pages before the error stay populated.
mmap p0 0+2 rw
mmap p0 3+2 r
madvise p0 0+4 populate_write -> ENOMEM
lock p0 1 l0 -> ok                       # before the hole
madvise p0 3+2 populate_write -> EINVAL
madvise p0 3+2 populate_read -> ok
madvise p0 4+1 guard_install
madvise p0 3+2 populate_read -> EFAULT
madvise p0 9+0 populate_read -> ok
