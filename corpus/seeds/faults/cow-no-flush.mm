# rules: R17
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
race read p0 0 at end
write p0 0 b
