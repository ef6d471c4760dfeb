# rules: A13
# POPULATE_READ faults pages in for reading (zero pages), POPULATE_WRITE for writing (pages of their own).
mmap p0 0+8 rw
madvise p0 0+2 populate_read -> ok
lock p0 0 l0 -> EFAULT
madvise p0 2+2 populate_write -> ok
lock p0 3 l0 -> ok
fail_alloc 1
write p0 2 a -> ok
