# rules: A6
# One zero page in the block is an entry like any other: the large folio is not taken.
mmap p0 0+8 rw
read p0 6 -> 0
thp always=2
write p0 4 a
lock p0 5 l0 -> EFAULT
write p0 0 b
lock p0 3 l0 -> ok
