# rules: JR13
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
mremap p0 0+4 16+4 maymove fixed must_relocate
