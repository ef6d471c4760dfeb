# rules: M2 M9 M13
# A fresh page notes the address of its fault; relatives map it there, and nothing is noted anew.
config rmap=anonmm
mmap p0 0+4 rw
write p0 3 a
fork p0 p1
fork p1 p2
rmap_walk p0 3 -> p0,p1,p2
write p1 3 b                # a copy, which notes the same address for p1
rmap_walk p0 3 -> p0,p2
rmap_walk p1 3 -> p1
