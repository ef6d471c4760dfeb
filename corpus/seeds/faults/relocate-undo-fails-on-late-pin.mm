# rules: JR9
config ptes=4
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
lock p0 1 l0
race pin p0 0 rw h0 at 1,1,1,1
mremap p0 0+2 4+2 maymove fixed must_relocate
