# rules: L3
# A child's anon_vma is of the parent's tree, through every generation.
mmap p0 0+2 rw
write p0 0 a
fork p0 p1
write p1 1 b
fork p1 p2
mprotect p1 0+1 r
exit p1
read p2 1 -> b
