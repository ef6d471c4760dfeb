# rules: G18 Z8
# Without a folio the loop ends.
mmap p0 0+16 rw
write p0 0 a
write p0 8 b
fail_alloc 1
madvise p0 0+16 collapse -> ENOMEM
lock p0 8 l0
lock p0 9 l1 -> EFAULT
madvise p0 0+8 collapse -> ok
