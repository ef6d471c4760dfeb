# rules: L2
# A clone that fails midway leaves no trace: the VMA and its pages work as before.
mmap p0 0+2 rw
write p0 0 a
fork p0 p1
fail_alloc 3
mprotect p1 0+1 r -> ENOMEM
write p1 1 b
fail_alloc 4
fork p1 p2 -> ENOMEM
fork p1 p2
write p2 0 c
exit p1
read p2 1 -> b
