# rules: M7
# A page comes back where it does not note, and a relative maps it there: a copy.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
mremap p1 0+1 8+1 maymove fixed
read p0 0
read p1 8 -> a
rmap_walk p1 8 -> p1
