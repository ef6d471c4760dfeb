# rules: E12
config ptes=4 swap_device=zram
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
read p0 0 -> a
write p0 0 b
swap_out p0 0
read p0 0 -> b
