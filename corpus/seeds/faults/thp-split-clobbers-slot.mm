# rules: G9 G10
config ptes=8
thp always=2
mmap p0 0+4 rw
write p0 1 a
write p0 3 b
swap_out p0 0 l0
write_done l0
read p0 0
split p0 0 order=0
