# rules: A12 A14 H11
# A PMD hint is resolved for the whole block; a block only partly in the range gets no hint.
mmap p0 0+8 rw
thp always=3
write p0 0 a
numa_hint p0 0+8
read p0 5 -> 0
fail_alloc 1
write p0 5 b -> ok
numa_hint p0 0+4
lock p0 0 l0 -> ok
lock p0 7 l1 -> EAGAIN  # still one folio
read p0 5 -> b
