# A page that moved after two moves failed midway may be one of three: what a plain reference writes may reach any (J2, J16).
config ptes=4
thp always=2
mmap p0 0+4 rw
get p0 1 rw h0
mremap p0 0+2 0+3 maymove
write p0 2 a
mremap p0 2+1 3+1 maymove fixed must_relocate
mremap p0 2+2 4+2 maymove fixed
mremap p0 5+1 0+1 maymove fixed
dma_write h0 0 a
