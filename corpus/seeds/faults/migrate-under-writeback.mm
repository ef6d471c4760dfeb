# rules: F2
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0 l0
write p0 0 a
migrate p0 0 l1
