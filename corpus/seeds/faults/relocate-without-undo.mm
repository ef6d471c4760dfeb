# rules: JR14
config ptes=4
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
pin p0 1 rw h0
mremap p0 0+2 4+2 maymove fixed must_relocate
