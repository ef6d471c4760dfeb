# rules: E18 E12 E15 BT6
# A synchronous device: the largest order that fits is read at once; without memory a smaller one.
config ptes=8 swap_device=zram
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
swap_out p0 0 -> ok
write p0 1 e -> ok
fail_alloc 1
write p0 3 f -> ok              # it came with the rest, writable
swap_out p0 0 -> ok
fail_alloc 1
read p0 2 -> c
read p0 3 -> f
read p0 1 -> e
read p0 0 -> a
