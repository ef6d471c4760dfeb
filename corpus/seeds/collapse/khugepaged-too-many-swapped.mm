# rules: G15 G16
# One entry more than khugepaged may read; a guard counts like one. Nothing is read then.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
write p0 4 e
write p0 5 f
swap_out p0 0
swap_out p0 1
khugepaged p0 0 none=8 swap=1 shared=8 -> EINVAL
lock p0 1 l0 -> EFAULT
khugepaged p0 0 none=2 swap=2 shared=0 -> ok
read p0 0 -> a
read p0 1 -> b
mmap p0 8+8 rw
write p0 8 a
madvise p0 9+1 guard_install
fail_alloc 1
khugepaged p0 8 none=8 swap=0 shared=0 -> EINVAL  # before the huge page is allocated
