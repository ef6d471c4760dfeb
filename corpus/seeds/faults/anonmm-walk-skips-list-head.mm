# rules: M16
# The child brought the page back first, so its record is noted: the walk goes round the list to find the parent.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
read p1 0
read p0 0
rmap_walk p0 0 -> p0,p1
