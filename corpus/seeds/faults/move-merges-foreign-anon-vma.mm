# rules: J5
config ptes=4
mmap p0 8+4 rw
write p0 8 a
mremap p0 8+4 32+4 maymove fixed
mmap p0 4+4 rw
write p0 4 b
mremap p0 32+4 8+4 maymove fixed
