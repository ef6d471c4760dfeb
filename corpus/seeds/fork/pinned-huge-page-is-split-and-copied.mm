# rules: C8 C7 G5
# A pinned huge page is PTE-mapped in the parent, and each of its pages copied for the child.
mmap p0 0+8 rw
thp always=3
write p0 5 a
pin p0 2 rw h0 -> 1
fork p0 p1
lock p1 5 l0 -> ok
lock p1 6 l1 -> ok   # small folios of its own
lock p0 5 l2 -> ok
fail_alloc 1
write p0 5 b -> ok
read p1 5 -> a
dma_write h0 0 c
read p0 2 -> c
read p1 2 -> 0
