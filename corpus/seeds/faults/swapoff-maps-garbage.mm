# rules: E17
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
bad_slot p0 0
swapoff
read p0 0 -> SIGBUS
