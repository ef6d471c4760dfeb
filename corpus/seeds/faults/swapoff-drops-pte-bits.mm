# rules: E17
config ptes=4 soft_dirty=on
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
swapoff
