# rules: G15 G16
# Pages are read for a block only if half of its entries are young.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
swap_out p0 3
khugepaged p0 0 none=8 swap=8 shared=8 -> EINVAL
lock p0 3 l0 -> EFAULT
write p0 4 e
khugepaged p0 0 none=8 swap=8 shared=8 -> ok
read p0 3 -> d
