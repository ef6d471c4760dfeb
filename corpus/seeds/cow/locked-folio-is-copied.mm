# rules: B6 B9
# Reuse of a small folio tries its lock and does not wait: locked by someone else means a copy.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
lock p0 0 l0
fail_alloc 1
write p0 0 b -> OOM
write p0 0 b -> ok
lock p0 0 l1 -> ok   # a new folio; the locked one was freed
