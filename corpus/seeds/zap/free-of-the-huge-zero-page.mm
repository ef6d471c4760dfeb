# rules: I10
# The huge zero page is passed over, in whole and in part.
mmap p0 0+8 rw
thp always=3
read p0 3 -> 0
madvise p0 0+8 free -> ok
madvise p0 0+2 free -> ok
fail_alloc 1
read p0 1 -> 0
write p0 3 a
lock p0 0 l0 -> ok
lock p0 7 l1 -> EAGAIN
