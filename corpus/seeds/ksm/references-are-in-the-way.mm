# rules: P2 P4
# A page that is referenced cannot be write-protected; if it is the second, the first is no KSM page for long.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
pin p0 1 rw h0
ksm p0 1 p0 0 -> EAGAIN
write p0 1 0 -> ok
ksm p0 0 p0 1 -> EAGAIN
fail_alloc 1
write p0 0 a -> ok        # a page of its own, though read-only
dma_write h0 0 b
read p0 1 -> b
