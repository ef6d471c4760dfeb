# rules: E1 E14 Z2
# Locked memory is not swapped out, and what is locked while swapped out gives its slot back.
config swap=8
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
mlock p0 0+4 -> ok
swap_out p0 1 -> EBUSY
swap_out p0 2 -> EBUSY
madvise p0 0+4 pageout -> EINVAL
munlock p0 0+4 -> ok
swap_out p0 2 -> ok
read p0 1 -> a
read p0 2 -> b
