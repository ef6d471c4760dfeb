# rules: I6 BT8
# A large folio wholly in the range is marked as it is, without a split.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 3 b
madvise p0 0+4 free
lock p0 0 l0
lock p0 3 l1 -> EAGAIN
read p0 3 -> b
fail_alloc 1
write p0 0 c -> ok
