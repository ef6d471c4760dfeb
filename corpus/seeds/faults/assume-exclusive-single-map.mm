# rules: JR6
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
mremap p0 0+1 4+1 maymove fixed relocate
