# rules: Z2
# mlock faults every page in, for writing where the VMA is writable; such memory refuses DONTNEED and FREE.
mmap p0 0+4 rw
mmap p0 4+2 r
mlock p0 0+6 -> ok
lock p0 3 l0 -> ok
lock p0 4 l1 -> EFAULT                # the zero page
madvise p0 0+1 dontneed -> EINVAL
madvise p0 0+1 free -> EINVAL
madvise p0 0+1 dontneed_locked -> ok
munlock p0 0+6 -> ok
madvise p0 0+1 free -> ok
