# rules: E13
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
race get p0 0 r h0 at 0,0,0,0
read p0 0
