# rules: S12 B6
# A plain reference and an isolation each raise the reference count above the mapping's one, which forbids reuse.
mmap p0 0+2 rw
write p0 0 a
write p0 1 a
fork p0 p1
exit p1
get p0 0 r h0 -> 1
isolate p0 1 l0 -> ok
fail_alloc 1
write p0 0 b -> OOM
fail_alloc 1
write p0 1 b -> OOM
put h0
fail_alloc 1
write p0 0 b -> ok
