# rules: C4
config ptes=4
mmap p0 0+1 rw
write p0 0 a
race pin p0 0 r h0 at 1,4,4,4
fork p0 p1
