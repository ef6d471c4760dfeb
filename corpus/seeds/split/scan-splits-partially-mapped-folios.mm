# rules: G13 G12
# The scan takes folios from the head of the queue; one that is partially mapped is split.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 4 b
madvise p0 1+1 dontneed
madvise p0 5+1 dontneed
deferred_scan 0
lock p0 0 l0
lock p0 2 l1 -> EAGAIN
drop l0
deferred_scan 1
lock p0 4 l0
lock p0 6 l1 -> EAGAIN
drop l0
deferred_scan 1
lock p0 0 l0
lock p0 2 l1 -> EFAULT   # split, and a page of zeroes
read p0 0 -> a
read p0 4 -> b
