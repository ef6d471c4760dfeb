# rules: G16
# Pages that are swapped out are read first, and stay if the collapse then fails.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
swap_out p0 0
madvise p0 0+8 collapse -> ok
read p0 0 -> a
mmap p0 8+8 rw
write p0 8 c
swap_out p0 8
madvise p0 9+1 guard_install
madvise p0 8+8 collapse -> EINVAL
lock p0 8 l0 -> ok
read p0 8 -> c
