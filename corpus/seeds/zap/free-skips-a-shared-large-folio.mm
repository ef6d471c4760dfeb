# rules: I6 S11
# Part of a large folio that may be shared is skipped: no split, nothing lost on either side.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
fork p0 p1
madvise p0 0+2 free -> ok
lock p0 0 l0
lock p0 1 l1 -> EAGAIN
read p1 0 -> a
read p0 1 -> b
