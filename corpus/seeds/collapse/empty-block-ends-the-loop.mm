# rules: G24
# A block where nothing was ever mapped ends the loop.
mmap p0 0+24 rw
write p0 8 a
madvise p0 0+24 collapse -> EINVAL
lock p0 9 l0 -> EFAULT
madvise p0 8+8 collapse -> ok
lock p0 9 l0 -> ok
