# rules: S1 D10
# HAS_PINNED stays set after the last unpin; a page no longer pinned is shared by fork all the same.
mmap p0 0+8 rw
write p0 0 a
pin p0 0 rw h0 -> 1
put h0
fork p0 p1
lock p0 0 l0 -> ok
lock p1 0 l1 -> EAGAIN  # one folio, shared
