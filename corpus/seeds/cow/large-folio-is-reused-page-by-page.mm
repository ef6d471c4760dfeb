# rules: B7 B3
# A large folio mapped by one process alone, without further references, is reused; each page on its own fault.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 a
fork p0 p1
exit p1
fail_alloc 1
write p0 0 b -> ok
lock p0 0 l0         # no lock is needed
fail_alloc 1
write p0 1 c -> ok
get p0 0 r h0
fail_alloc 1
write p0 2 d -> OOM  # page 2 was not made exclusive by the others
