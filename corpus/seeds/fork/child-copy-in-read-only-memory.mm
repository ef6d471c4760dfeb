# rules: C6
# The child's copy of a pinned page is writable only where the child's VMA is.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0 -> 1
mprotect p0 0+1 r
fork p0 p1
write p1 0 b -> SIGSEGV
mprotect p1 0+1 rw
fail_alloc 1
write p1 0 b -> ok
dma_read h0 0 -> a
