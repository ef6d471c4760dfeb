# rules: G7
config ptes=8
thp always=3
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 l0
write_done l0
read p0 0
split p0 0 order=2 -> EINVAL
