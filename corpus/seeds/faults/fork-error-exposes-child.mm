# rules: C18
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fail_alloc 2
fork p0 p1
