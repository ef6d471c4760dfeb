# rules: G17
# The leaf is W only if the VMA is; the head is exclusive all the same.
mmap p0 0+8 rw
write p0 0 a
mprotect p0 0+8 r
madvise p0 0+8 collapse -> ok
write p0 0 b -> SIGSEGV
mprotect p0 0+8 rw
fail_alloc 1
write p0 0 b -> ok
