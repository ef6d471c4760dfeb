# rules: B5 B6 D5
# An UNSHARE fault on a page nobody else has allocates nothing and changes nothing but its exclusivity.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
fail_alloc 1
pin p0 0 r h0 -> 1
fork p0 p1
lock p0 0 l0
lock p1 0 l1 -> ok  # exclusive and pinned now: the child got a copy
