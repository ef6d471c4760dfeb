# A page that may have been moved, and cannot be read for now, does not tell yet what it holds.
config ptes=4
mmap p0 1+1 rw
write p0 1 a
mremap p0 0+1 1+1 maymove fixed
fork p0 p1
swap_out p0 1
bad_slot p0 1
write p0 1 a
mremap p0 1+1 0+1 maymove fixed
swap_out p1 1
