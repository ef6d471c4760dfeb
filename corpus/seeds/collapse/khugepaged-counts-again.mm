# rules: G15 G16
# What came back from swap counts as shared when the pages are isolated, and stays in.
mmap p0 0+8 rw
write p0 3 d
fork p0 p1
write p0 0 a
write p0 1 b
write p0 2 c
write p0 4 e
swap_out p0 3
read p1 3 -> d
khugepaged p0 0 none=8 swap=1 shared=0 -> EINVAL
khugepaged p0 0 none=8 swap=0 shared=1 -> ok
read p0 3 -> d
write p0 3 f
read p1 3 -> d
