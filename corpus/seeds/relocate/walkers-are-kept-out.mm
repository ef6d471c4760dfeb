# rules: JR4 JR10 L8 L9
# A walker that is there before finds the page at its old place, one that comes after at the new one;
# in between the roots are locked.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
race walk p0 1 at 0,0,0,0
mremap p0 0+4 21+4 maymove fixed must_relocate -> @21
race walk p0 22 at end,end,end,end
mremap p0 21+4 0+4 maymove fixed must_relocate -> @0
race walk p0 1 at 1,2,3,4
mremap p0 0+4 21+4 maymove fixed must_relocate -> @21
race walk p0 22 at 1,3,5,7
mremap p0 21+4 0+4 maymove fixed must_relocate -> @0
race walk p0 1 at 2,4,6,8
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
lock p0 21 l0
race walk p0 20 at 1,2,4,6
mremap p0 20+4 40+4 maymove fixed relocate -> @40
rmap_walk p0 40 -> p0
read p0 40 -> a
read p0 41 -> b
