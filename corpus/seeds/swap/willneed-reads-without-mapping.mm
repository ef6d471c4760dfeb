# rules: E12 E16
# MADV_WILLNEED fills the swap cache; the page gets its place when it is mapped. A page without memory is passed over.
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
swap_out p0 2 -> ok
fail_alloc 1
madvise p0 0+4 willneed -> ok
lock p0 1 l0 -> EFAULT
lock p0 2 l0 -> ok             # in the cache, not mapped
read p0 2 -> BLOCKED
drop l0
fail_alloc 1
write p0 2 c -> ok
read p0 1 -> a
