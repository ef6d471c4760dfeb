# rules: M3
# After the early copy the same page is tried again.
config rmap=anonmm
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
fork p0 p1
mremap p0 0+2 8+2 maymove fixed
read p0 8 -> a
read p0 9 -> b
