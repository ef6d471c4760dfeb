# rules: O3
config ptes=8
thp always=2
mmap p0 0+4 rw
write p0 0 a
write p0 2 b
dev_exclusive d0 p0 2 l0
drop l0
read p0 2
