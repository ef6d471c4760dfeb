# An actor beside a fail_alloc does not disarm it for the ideal layer (J11: the source could not be cut off, and stays, empty).
config ptes=4
mmap p0 0+2 rw
write p0 0 a
race get p0 0 r h0 at end,0,0,0
fail_alloc 3
mremap p0 0+1 2+1 maymove fixed
mremap p0 0+1 2+1 maymove fixed
