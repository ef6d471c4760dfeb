# rules: J9
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
mremap p0 0+4 8+4 maymove fixed
