# rules: L2 L11
# A split clones the chain of the VMA: one link for a first process, two for its child.
mmap p0 0+2 rw
write p0 0 a
fork p0 p1
fail_alloc 3
mprotect p0 0+1 r -> ok
fail_alloc 3
mprotect p1 0+1 r -> ENOMEM
write p1 0 b -> ok
fail_alloc 4
mprotect p1 0+1 r -> ok
