# rules: J12 J13 L7 L17
# Then two pages of one anon_vma have the same index; a walk looks at both places, and finds the right one.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
mremap p0 0+2 20+2 maymove fixed dontunmap -> @20
write p0 1 b
fork p0 p1
rmap_walk p0 1 -> p0,p1
rmap_walk p0 21 -> p0,p1
swap_out p0 21 -> ok
read p0 1 -> b
read p0 21 -> a
read p1 1 -> b
read p1 21 -> a
