# rules: L3 L5
# An anon_vma whose process has gone and that has one child serves the next grandchild: no new one is made.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fork p1 p2
exit p1
fail_alloc 8
fork p2 p3 -> ok  # mm, VMA, three links, two tables
write p3 0 b
read p2 0 -> a
exit p2
read p3 0 -> b
