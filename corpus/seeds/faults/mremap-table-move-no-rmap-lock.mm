# rules: J9
config ptes=4
mmap p0 0+4 rw
write p0 0 a
race walk p0 0 at 1,1,1,1
mremap p0 0+4 16+4 maymove fixed
