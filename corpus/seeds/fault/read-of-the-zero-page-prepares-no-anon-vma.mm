# rules: A1 C3
# A VMA that was only ever read has no anon_vma, so fork allocates the mm and the VMA and nothing else.
mmap p0 0+8 rw
read p0 0 -> 0
fail_alloc 3
fork p0 p1 -> ok
read p1 0 -> 0
