# rules: JR7
# KSM has made one page of two; swapped out, both entries name its slot. The page that came back at one
# of the places belongs there: at the other place, relocated, the entry still means a copy.
config ptes=4
mmap p0 0+8 rw
madvise p0 0+8 populate_write
madvise p0 0+8 mergeable
ksm p0 1 p0 5 -> ok
swap_out p0 1 -> ok
madvise p0 0+8 unmergeable
write p0 4 b
read p0 5 -> 0
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
read p0 21 -> 0
rmap_walk p0 5 -> p0
write p0 21 c
read p0 5 -> 0
read p0 21 -> c
