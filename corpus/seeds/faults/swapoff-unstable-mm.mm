# rules: C18 E17
config ptes=4
mmap p0 0+4 rw
mmap p0 8+4 rw
write p0 0 a
write p0 8 b
swap_out p0 0
fail_alloc 8
fork p0 p1 -> ENOMEM
swapoff
