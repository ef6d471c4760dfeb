# rules: B13
# Reuse of a huge page sleeps on the folio lock, unless it is exclusive, which needs none.
mmap p0 0+8 rw
thp always=3
write p0 0 a
lock p0 0 l0
write p0 1 b -> ok
fork p0 p1
write p0 2 c -> BLOCKED
pin p0 2 r h0 -> EINTR
drop l0
write p0 2 c -> ok
