# rules: G2 H11
# A NUMA hint of a huge page is not replicated: its PTEs take the protection of the VMA.
mmap p0 0+8 rw
thp always=3
write p0 0 a
numa_hint p0 0+8
mprotect p0 7+1 r
read p0 0 -> a
lock p0 1 l0
fail_alloc 1
write p0 0 b -> ok
