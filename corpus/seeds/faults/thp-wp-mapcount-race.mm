# rules: B7
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
write p0 0 b
read p1 0 -> a
