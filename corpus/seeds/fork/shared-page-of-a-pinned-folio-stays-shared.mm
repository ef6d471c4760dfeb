# rules: C5 C7
# In a pinned large folio the exclusive pages are copied; pages that are shared already are shared once more.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+2 dontfork
fork p0 p1
madvise p0 0+2 dofork
pin p0 0 rw h0 -> 1
fork p0 p2
lock p0 2 l0
lock p2 2 l1 -> EAGAIN   # shared among three
lock p2 1 l1 -> ok       # a copy, although page 0 is the pinned one
lock p2 0 l2 -> ok
