# rules: R17
config ptes=4
mmap p0 0+1 rw
write p0 0 a
race write p0 0 b at end
swap_out p0 0
