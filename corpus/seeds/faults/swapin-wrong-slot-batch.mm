# rules: E21 BT7
config ptes=4
mmap p0 0+3 rw
write p0 2 a
write p0 1 b
write p0 0 c
swap_out p0 2
swap_out p0 1
swap_out p0 0
munmap p0 1+2
read p0 0 -> c
