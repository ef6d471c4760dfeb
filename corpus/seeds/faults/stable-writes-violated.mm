# rules: E24
config ptes=4 swap_device=stable
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0 l0
write p0 0 a
