# rules: H12 Z2
# LOCKED memory that becomes writable is populated for writing at once: zero and shared pages are replaced.
mmap p0 0+2 r
mlock p0 0+2
lock p0 0 l0 -> EFAULT
mprotect p0 0+2 rw -> ok
lock p0 0 l0 -> ok
lock p0 1 l1 -> ok
fail_alloc 1
write p0 1 a -> ok
