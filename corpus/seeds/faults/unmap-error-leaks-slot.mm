# rules: E4
config ptes=4
mmap p0 0+1 rw
write p0 0 a
madvise p0 0+1 pageout
pin p0 0 r h0
swap_out p0 0
