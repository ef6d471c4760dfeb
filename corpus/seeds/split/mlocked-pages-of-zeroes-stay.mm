# rules: F9 Z2
# The pages of an mlocked folio stay, for processes that did not lock them, too.
mmap p0 0+4 rw
thp always=2
write p0 0 a
mlock p0 0+4
fork p0 p1
split p1 0 order=0 -> ok
lock p1 1 l0 -> ok
lock p0 2 l1 -> ok
