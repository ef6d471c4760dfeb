# rules: JR9
config ptes=4
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
mremap p0 0+1 4+1 maymove fixed relocate
