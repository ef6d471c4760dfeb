# rules: H6
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
mprotect p0 0+1 r
