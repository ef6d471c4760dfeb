# rules: P1
# A reference anywhere on the folio is in the way.
mmap p0 0+8 rw
madvise p0 0+8 mergeable
thp always=3
write p0 0 a
fork p0 p1
pin p1 0 r h0
get p0 5 r h1
ksm p0 0 p1 0 -> EAGAIN
lock p0 0 l0
lock p0 1 l1 -> EAGAIN
