# rules: JR1 JR13 JR15
# The first version of the series relocated no leaf. One across the end of the range is split, and that
# is another matter.
config ptes=4 relocate=pmd_fail
thp always=2
mmap p0 0+8 rw
write p0 1 a
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
mremap p0 0+4 20+4 maymove fixed relocate -> @20
write p0 5 b
mremap p0 4+2 40+2 maymove fixed must_relocate -> @40
read p0 21 -> a
read p0 41 -> b
rmap_walk p0 41 -> p0
