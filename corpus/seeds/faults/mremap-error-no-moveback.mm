# rules: J11
config ptes=4
mmap p0 0+8 rw
write p0 0 a
write p0 4 b
fail_alloc 5
mremap p0 0+8 17+8 maymove fixed
