# rules: E2 E3 E4 E7 E12
# A huge page takes an aligned run of slots; on a disk its pages come back one by one.
config ptes=4 swap=8
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
thp never
write p0 4 e
swap_out p0 4 -> ok   # slot 0
swap_out p0 2 -> ok   # slots 4 to 7
read p0 2 -> c
read p0 3 -> d
read p0 0 -> a
read p0 1 -> b
