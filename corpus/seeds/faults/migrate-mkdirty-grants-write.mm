# rules: F8
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
split p0 0 order=0
