# rules: M15
# One reference, or two of which one is the swap cache's that nobody else can come for: the page stays. A lock, a
# reference, an entry of a relative: a copy.
config rmap=anonmm
mmap p0 0+4 rw
write p0 0 a
mprotect p0 0+4 r
mprotect p0 0+4 rw
fail_alloc 1
write p0 0 b -> ok
swap_out p0 0 l0
read p0 0 -> b       # back from the cache, read-only
fail_alloc 1
write p0 0 c -> ok   # and reused there
write_done l0
swap_out p0 0 -> ok
read p0 0 -> c
mprotect p0 0+4 r
mprotect p0 0+4 rw
lock p0 0 l1
fail_alloc 1
write p0 0 d -> OOM  # the lock cannot be tried: a copy
drop l1
get p0 0 r h0
mprotect p0 0+4 r
mprotect p0 0+4 rw
write p0 0 e
dma_read h0 0 -> c
