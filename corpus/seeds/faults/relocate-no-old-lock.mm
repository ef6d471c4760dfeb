# rules: JR4 JR10
config ptes=4
mmap p0 0+1 rw
write p0 0 a
race walk p0 0 at 0,0,0,1
mremap p0 0+1 4+1 maymove fixed must_relocate
