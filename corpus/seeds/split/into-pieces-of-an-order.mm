# rules: G9 L17
# Pieces of order 2; each counts its mappings anew.
config ptes=16
mmap p0 0+16 rw
thp always=4
write p0 0 a
fork p0 p1
split p1 5 order=2 -> ok
exit p1
lock p0 0 l0
lock p0 3 l1 -> EAGAIN
lock p0 4 l1 -> ok
write p0 8 b
read p0 0 -> a
