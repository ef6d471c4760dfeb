# rules: INV38 M11
# Whatever moved, and whoever did: each page is at its one address in every process that maps it.
config rmap=anonmm
mmap p0 0+3 rw
write p0 0 a
write p0 1 b
write p0 2 c
fork p0 p1
mremap p0 0+1 8+1 maymove fixed
fork p0 p2
swap_out p1 1
mremap p2 1+1 12+1 maymove fixed
mremap p1 2+1 5+1 maymove fixed
read p0 1 -> b
read p1 1 -> b
read p2 12 -> b
rmap_walk p0 1 -> p0,p1
rmap_walk p0 8 -> p0,p2
rmap_walk p1 5 -> p1
swap_out p0 8 -> ok
