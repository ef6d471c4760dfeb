# rules: BT1 BT14 C16 C7
# Runs before, in and behind a pinned folio: what is exclusive in the pinned folio is copied, all else is shared.
mmap p0 0+12 rw
thp always=2
write p0 0 a
write p0 4 b
write p0 8 c
pin p0 5 rw h0
fork p0 p1
lock p0 3 l0
lock p1 0 l1 -> EAGAIN
lock p1 4 l1 -> ok
lock p1 7 l2 -> ok
lock p0 8 l3
lock p1 11 l4 -> EAGAIN
read p1 4 -> b
