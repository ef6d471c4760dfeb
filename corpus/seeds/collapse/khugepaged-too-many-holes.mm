# rules: G15 G18
# One hole more than khugepaged may fill; the zero page is one, too.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
read p0 2 -> 0
khugepaged p0 0 none=5 swap=8 shared=8 -> EBUSY
lock p0 0 l0 -> ok
lock p0 1 l1 -> ok                               # still two folios
drop l0
drop l1
write p0 7 c
khugepaged p0 0 none=5 swap=0 shared=0 -> ok
read p0 7 -> c
