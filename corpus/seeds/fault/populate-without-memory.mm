# rules: A13 D12
# An allocation that fails in POPULATE_WRITE is ENOMEM; what was populated before it stays.
mmap p0 0+4 rw
write p0 0 a
fail_alloc 2
madvise p0 0+4 populate_write -> ENOMEM
lock p0 1 l0 -> ok
lock p0 2 l1 -> EFAULT
