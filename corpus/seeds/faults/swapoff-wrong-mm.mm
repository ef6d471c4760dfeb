# rules: E17
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
swapoff
