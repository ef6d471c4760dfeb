# rules: JR9 JR13 JR14
# The same behind a large folio and a leaf that were done.
config ptes=4
thp always=2
mmap p0 0+12 rw
write p0 1 a
write p0 5 b
write p0 9 c
lock p0 9 l0
mremap p0 0+12 20+12 maymove fixed must_relocate -> EFAULT
rmap_walk p0 0 -> p0
mremap p0 0+12 20+12 maymove fixed relocate -> @20
swap_out p0 21 -> ok
rmap_walk p0 25 -> p0
read p0 21 -> a
read p0 25 -> b
read p0 29 -> c
