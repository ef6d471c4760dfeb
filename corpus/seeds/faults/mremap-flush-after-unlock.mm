# rules: R17 J7
config ptes=4
mmap p0 0+1 rw
write p0 0 a
race write p0 0 b at end
mremap p0 0+1 4+1 maymove fixed
