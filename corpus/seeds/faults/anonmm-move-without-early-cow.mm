# rules: M3
# A shared page moves: if it noted the new address, the relative's mapping would be lost.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mremap p1 0+1 8+1 maymove fixed
rmap_walk p0 0 -> p0
swap_out p0 0 -> ok
