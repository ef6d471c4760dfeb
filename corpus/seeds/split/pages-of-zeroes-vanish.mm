# rules: F9 G10
# Every process gets the zero page for a page of zeroes, and forgets it was written.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
split p0 0 order=0 -> ok
lock p0 1 l0 -> EFAULT
lock p1 1 l0 -> EFAULT
lock p1 0 l0 -> ok
write p1 1 b
read p0 1 -> 0
