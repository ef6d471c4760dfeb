# rules: A12 H11 B6
# A page that lost its exclusivity to a child comes back read-only from the hint; the next write reuses it.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
exit p1
numa_hint p0 0+4
read p0 0 -> a
lock p0 0 l0
fail_alloc 1
write p0 0 b -> OOM  # not writable, and the lock forbids reuse
drop l0
fail_alloc 1
write p0 0 b -> ok
