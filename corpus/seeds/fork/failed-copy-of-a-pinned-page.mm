# rules: C6 C18
# Without memory for the child's copy of a pinned page fork fails; the parent still has it exclusive and writable.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
fail_alloc 8
fork p0 p1 -> ENOMEM  # the last allocation is the copy
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b
fail_alloc 9
fork p0 p1 -> ok
