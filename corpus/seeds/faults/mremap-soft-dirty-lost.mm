# rules: J7
config ptes=4 soft_dirty=on
mmap p0 0+1 rw
write p0 0 a
clear_refs p0
mremap p0 0+1 9+1 maymove fixed
