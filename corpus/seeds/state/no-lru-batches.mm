# rules: S20 B6
# A fresh folio is on the LRU at once and nobody holds an extra reference: it can be isolated, and reused.
mmap p0 0+2 rw
write p0 0 a
isolate p0 0 l0 -> ok
write p0 1 b
fork p0 p1
exit p1
fail_alloc 1
write p0 1 c -> ok
