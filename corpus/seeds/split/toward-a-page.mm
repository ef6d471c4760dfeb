# rules: G22
# Halved again and again, towards the page named; order 1 is passed over.
config ptes=16
mmap p0 0+16 rw
thp always=4
write p0 0 a
write p0 1 a
write p0 2 a
write p0 3 a
split p0 1 order=0 nonuniform -> ok
lock p0 0 l0
lock p0 1 l1 -> ok
lock p0 4 l2
lock p0 7 l3 -> EAGAIN
lock p0 8 l3
lock p0 15 l4 -> EAGAIN
read p0 2 -> a
