# rules: G15
config ptes=4
mmap p0 0+1 rw
write p0 0 a
lock p0 0 l0
pin p0 0 r h0
hwpoison p0 0
drop l0
swap_out p0 0
