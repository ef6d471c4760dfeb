# rules: BT3 E9
config ptes=8
thp always=2
mmap p0 0+4 rw
write p0 0 a
madvise p0 0+4 free
madvise p0 3+1 dontneed
write p0 3 b
swap_out p0 0
read p0 3 -> b
