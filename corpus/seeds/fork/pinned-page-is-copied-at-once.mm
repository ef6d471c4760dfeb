# rules: C6
# A pinned exclusive page is copied for the child during fork; the parent's entry is not even write-protected.
mmap p0 0+2 rw
write p0 0 a
pin p0 0 rw h0 -> 1
fork p0 p1
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b
read p1 0 -> a
fail_alloc 1
write p1 0 c -> ok
