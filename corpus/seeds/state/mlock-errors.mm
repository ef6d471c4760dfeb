# rules: Z2
# A hole or inaccessible memory is ENOMEM, a failed allocation EAGAIN; flags set before a hole stay set.
mmap p0 0+2 rw
mmap p0 3+1 none
mlock p0 0+4 -> ENOMEM
madvise p0 0+2 dontneed -> EINVAL
lock p0 0 l0 -> EFAULT             # nothing was populated
mlock p0 3+1 -> ENOMEM
mmap p0 4+2 rw
fail_alloc 2
mlock p0 4+2 -> EAGAIN
mlock p0 9+0 -> ok
