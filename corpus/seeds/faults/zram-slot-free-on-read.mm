# rules: E12
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
fork p0 p1
read p0 0 -> a
swap_out p0 0
read p1 0 -> a
