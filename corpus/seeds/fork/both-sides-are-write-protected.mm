# rules: C4 C19
# A shared page is one folio in both processes, and neither can write it in place.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
lock p0 0 l0
lock p1 0 l1 -> EAGAIN
drop l0
fail_alloc 1
write p0 0 b -> OOM
fail_alloc 1
write p1 0 b -> OOM
