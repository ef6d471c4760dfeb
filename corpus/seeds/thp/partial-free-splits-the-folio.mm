# rules: G7 G9 I6 F3 F8
# MADV_FREE of part of a large folio splits the folio: its pages are small, with contents, write bits and exclusivity.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
madvise p0 0+2 free -> ok
lock p0 0 l0
lock p0 1 l1 -> ok
lock p0 2 l2 -> ok
read p0 1 -> b
fail_alloc 1
write p0 3 e -> ok
read p0 2 -> c
