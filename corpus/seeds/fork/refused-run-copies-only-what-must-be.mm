# rules: C16 C6
# A run of a pinned folio is refused as a whole, yet its shared pages are shared and its exclusive ones copied.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
madvise p0 2+2 dontfork
fork p0 p1
madvise p0 2+2 dofork
pin p0 3 rw h0
fork p0 p2
lock p0 0 l0
lock p2 1 l1 -> EAGAIN
lock p2 2 l1 -> ok
lock p2 3 l2 -> ok
read p2 1 -> b
