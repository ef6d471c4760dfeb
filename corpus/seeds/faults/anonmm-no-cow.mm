# rules: M3 M20
# A shared page moves: without a copy it is where it does not note.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mremap p1 0+1 8+1 maymove fixed
rmap_walk p1 8 -> p1
