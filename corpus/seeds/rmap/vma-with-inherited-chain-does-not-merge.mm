# rules: L10 L3
# One side without an anon_vma merges only if the other side's chain is a single link: a child's is not.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fail_alloc 1
mmap p0 1+1 rw -> ok
fail_alloc 1
mmap p1 1+1 rw -> ENOMEM
mmap p1 1+1 rw -> ok
write p1 1 b
read p1 0 -> a
