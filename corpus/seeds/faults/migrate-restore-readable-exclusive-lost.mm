# rules: F8
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
mprotect p0 0+1 r
split p0 0 order=0
