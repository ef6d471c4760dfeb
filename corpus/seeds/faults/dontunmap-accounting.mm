# rules: J12
config ptes=4
mmap p0 0+1 rw
write p0 0 a
mremap p0 0+1 4+1 maymove fixed dontunmap
