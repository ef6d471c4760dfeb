# rules: L3 L5
# An idle anon_vma serves one grandchild at a time; the rest of the tree stays sound through forks and exits.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fork p1 p2
exit p1
fork p2 p3
fork p2 p1
exit p3
write p1 0 b
exit p2
fork p1 p3
exit p0
read p3 0 -> b
write p3 0 c
read p1 0 -> b
