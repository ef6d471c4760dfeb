# rules: H11 P5
# The NUMA scanner leaves KSM pages alone.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
numa_hint p0 0+4
read p0 0 -> 0
