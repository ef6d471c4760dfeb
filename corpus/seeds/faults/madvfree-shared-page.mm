# rules: I6 I10
# MADV_FREE of part of a large folio that is shared does nothing; of a huge page that is shared, nothing at all.
mmap p0 0+16 rw
thp always=2
write p0 0 a
thp always=3
write p0 8 b
fork p0 p1
madvise p0 0+2 free
madvise p0 8+8 free
read p1 0 -> a
read p1 8 -> b
lock p0 0 l0
lock p0 1 l1 -> EAGAIN
