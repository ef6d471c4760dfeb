# rules: BT8 I6
# MADV_FREE handles a whole folio in place and splits one that is only partly in the range.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 4 b
write p0 5 c
madvise p0 0+6 free
lock p0 0 l0
lock p0 3 l1 -> EAGAIN
lock p0 4 l1
lock p0 5 l2 -> ok
read p0 5 -> c
