# rules: S10 S11 B7
# A third process finds both slots taken: its mappings are never tracked, and it copies even when alone (false positive).
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
fork p0 p2
exit p1
exit p0
fail_alloc 1
write p2 0 b -> OOM
read p2 0 -> a
