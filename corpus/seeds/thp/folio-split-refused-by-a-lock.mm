# rules: I6 I10
# A lock held by someone else is not waited for, at PTE level and at PMD level.
mmap p0 0+16 rw
thp always=2,3
write p0 0 a
mprotect p0 7+1 r
thp always=3
write p0 8 b
lock p0 0 l0
lock p0 8 l1
madvise p0 0+1 free -> ok
madvise p0 8+1 free -> ok
lock p0 1 l2 -> EAGAIN
lock p0 9 l2 -> EAGAIN
