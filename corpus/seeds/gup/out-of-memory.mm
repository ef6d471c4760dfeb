# rules: D12
# An allocation that fails in the walk is ENOMEM, or a short count when pages were taken before.
mmap p0 0+4 rw
write p0 0 a
fail_alloc 1
pin p0 1 rw h0 -> ENOMEM
fail_alloc 2
pin p0 0+4 rw h0 -> 2
lock p0 1 l0 -> ok
lock p0 2 l1 -> EFAULT
