# rules: P2 P6
# A page that is neither W nor dirty nor exclusive is taken as it is, whoever refers to it.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
madvise p0 0+4 unmergeable
madvise p0 0+4 mergeable
fork p0 p1
get p0 0 r h0
ksm p0 0 p0 1 -> ok
