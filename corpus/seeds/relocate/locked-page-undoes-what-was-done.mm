# rules: JR9 JR13 JR14
# Two pages had their new index when the third could not be locked. They get their old one back, and
# then all move as always.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
write p0 3 c
lock p0 3 l0
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
rmap_walk p0 0 -> p0
rmap_walk p0 1 -> p0
mremap p0 0+4 20+4 maymove fixed relocate -> @20
rmap_walk p0 20 -> p0
rmap_walk p0 21 -> p0
rmap_walk p0 23 -> p0
swap_out p0 21 -> ok
read p0 21 -> b
drop l0
mremap p0 20+4 40+4 maymove fixed must_relocate -> @40
read p0 40 -> a
read p0 41 -> b
read p0 43 -> c
