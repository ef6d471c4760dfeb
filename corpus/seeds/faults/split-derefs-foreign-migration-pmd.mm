# rules: L7 G3
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
fork p0 p2
madvise p1 0+4 dontneed
write p1 0 b
migrate p1 0 l0 all
split p0 0 order=0
