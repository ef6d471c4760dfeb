# rules: G7 I6
# One extra reference anywhere on the folio makes the split fail; everything stays, MADV_FREE itself succeeds.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
get p0 3 r h0
madvise p0 0+2 free -> ok
lock p0 0 l0
lock p0 1 l1 -> EAGAIN     # one folio still
read p0 0 -> a
