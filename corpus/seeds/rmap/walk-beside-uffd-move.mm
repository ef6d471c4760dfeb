# rules: L8 L9 L18 K5 K12
# The page goes to another root. A walker that has read the old one looks again once it has the lock, and
# begins anew: it finds the page where it is.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
mmap p0 20+4 rw
uffd_register p0 20+4 missing
race walk p0 0 at 0,0,0,0
uffd_move p0 0+1 20 -> 1
race walk p0 1 at end,end,end,end
uffd_move p0 1+1 21 -> 1
race walk p0 2 at 1,2,3,4
uffd_move p0 2+1 22 -> 1
race walk p0 3 at 1,3,4,5
uffd_move p0 3+1 23 -> 1
rmap_walk p0 20 -> p0
rmap_walk p0 23 -> p0
read p0 21 -> b
read p0 22 -> c
