# rules: C9
# The huge zero page becomes a huge zero page of the child, with a table deposited for it.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
fork p0 p1
fail_alloc 1
read p1 7 -> 0
write p1 3 a
read p0 3 -> 0
lock p1 0 l0 -> ok
