# rules: B12 B6
# After the copy the old page is not yet exclusive; its remaining owner reuses it by a fault of its own.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
write p0 0 b
lock p1 0 l0
fail_alloc 1
write p1 0 c -> OOM  # a fault, and the lock forbids reuse
drop l0
fail_alloc 1
write p1 0 c -> ok
