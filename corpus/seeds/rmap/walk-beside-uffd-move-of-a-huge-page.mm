# rules: L8 L9 L18 K7 K12
# The same of a leaf.
config ptes=4
thp always=2
mmap p0 0+8 rw
write p0 1 a
write p0 5 b
mmap p0 20+8 rw
uffd_register p0 20+8 missing
race walk p0 1 at end,end,end,end
uffd_move p0 0+4 20 -> 4
race walk p0 5 at 1,2,3,4
uffd_move p0 4+4 24 -> 4
rmap_walk p0 21 -> p0
read p0 21 -> a
read p0 25 -> b
