# rules: J7
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
mremap p0 0+1 9+1 maymove fixed
