# rules: JR16
thp always=2
mmap p0 0+8 rw
write p0 0 a
mremap p0 0+2 16+2 maymove fixed must_relocate
