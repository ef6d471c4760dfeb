# rules: C11
config ptes=4
mmap p0 0+1 rw
write p0 0 a
migrate p0 0 l0
fork p0 p1
