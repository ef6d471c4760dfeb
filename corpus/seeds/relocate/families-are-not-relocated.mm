# rules: JR1 JR2
# As long as a child may know the pages, and in the child for ever, they stay what they are.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
read p0 1 -> a
mremap p0 0+4 20+4 maymove fixed relocate -> @20
rmap_walk p0 21 -> p0,p1
exit p1
mremap p0 20+4 40+4 maymove fixed must_relocate -> @40
rmap_walk p0 41 -> p0
fork p0 p1
exit p0
write p1 41 b
mremap p1 40+4 8+4 maymove fixed must_relocate -> EFAULT
mremap p1 40+4 8+4 maymove fixed relocate -> @8
read p1 9 -> b
