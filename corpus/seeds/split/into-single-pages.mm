# rules: G7 G8 G9 G3 F8
# A huge page is split: every page is a folio of its own, exclusive and W.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 7 b
write p0 3 c
split p0 3 order=0 -> ok
lock p0 0 l0
lock p0 7 l1 -> ok
fail_alloc 1
write p0 7 d -> ok
read p0 3 -> c
