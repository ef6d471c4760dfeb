# rules: G9 G10
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 1 a
swap_out p0 0 l0
read p0 0
write_done l0
split p0 0 order=0
