# rules: L6 A3
# A page that the child makes belongs to the child's own anon_vma, which outlives the parent.
mmap p0 0+2 rw
write p0 1 a
fork p0 p1
write p1 0 b
exit p0
fork p1 p2
read p2 0 -> b
