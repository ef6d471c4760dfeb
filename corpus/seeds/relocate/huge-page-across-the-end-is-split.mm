# rules: JR12 JR16
# So is a leaf.
config ptes=4
thp always=2
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 3 c
mremap p0 0+2 20+2 maymove fixed must_relocate -> @20
rmap_walk p0 21 -> p0
rmap_walk p0 3 -> p0
read p0 20 -> a
read p0 21 -> b
read p0 3 -> c
split p0 3 order=0 -> EINVAL
