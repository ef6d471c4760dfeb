# rules: G2 B9
# After the split of a shared huge page no page is exclusive: the write copies.
mmap p0 0+8 rw
thp always=3
write p0 3 a
fork p0 p1
mprotect p0 7+1 r
fail_alloc 1
write p0 3 b -> OOM
write p0 3 b
read p1 3 -> a
