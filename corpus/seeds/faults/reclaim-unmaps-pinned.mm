# rules: E4
config ptes=4
mmap p0 0+1 rw
pin p0 0 rw h0
fork p0 p1
swap_out p1 0
