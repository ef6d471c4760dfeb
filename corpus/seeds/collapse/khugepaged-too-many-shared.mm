# rules: G15 G17
# One page more that others map than khugepaged may copy.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
fork p0 p1
write p0 2 c
khugepaged p0 0 none=8 swap=8 shared=1 -> EINVAL
khugepaged p0 0 none=8 swap=0 shared=2 -> ok
write p0 0 d
read p1 0 -> a
