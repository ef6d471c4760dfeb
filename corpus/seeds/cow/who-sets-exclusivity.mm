# rules: B16 A3 C6
# A fresh page, a copy and a child's copy of a pinned page are exclusive: each is written in place at once.
mmap p0 0+2 rw
write p0 0 a
pin p0 0 rw h0 -> 1
fork p0 p1
lock p1 0 l0
fail_alloc 1
write p1 0 b -> ok   # the child's copy
write p0 1 c
lock p0 1 l1
fail_alloc 1
write p0 1 d -> ok   # fresh
