# rules: I10
# The whole block: the huge page stays one. Shared or locked: nothing at all happens.
mmap p0 0+8 rw
thp always=3
write p0 3 a
madvise p0 0+8 free -> ok
read p0 3 -> a
lock p0 0 l0
madvise p0 0+4 free -> ok
lock p0 7 l1 -> EAGAIN
drop l0
fork p0 p1
madvise p0 0+4 free -> ok
lock p0 0 l0
write p0 3 b -> BLOCKED    # a huge page still
