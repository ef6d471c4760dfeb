# rules: I16 I9 G9
# A leaf only partly in the range: the folio is split, and its pages go one by one.
config ptes=4
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
lock p0 0 l0
madvise p0 1+2 pageout -> EINTR  # it would wait for the lock
drop l0
madvise p0 1+2 pageout -> ok
bad_slot p0 0 -> EFAULT
bad_slot p0 1 -> ok
bad_slot p0 2 -> ok
read p0 0 -> a
read p0 4 -> 0
madvise p0 4+1 pageout -> ok
