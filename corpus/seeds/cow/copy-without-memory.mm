# rules: B9 D12 Z8
# A copy that cannot be allocated is OOM and leaves the page shared; in a GUP call it is ENOMEM.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fail_alloc 1
write p0 0 b -> OOM
fail_alloc 1
pin p0 0 r h0 -> ENOMEM
read p0 0 -> a
lock p0 0 l0
lock p1 0 l1 -> EAGAIN   # one folio still
write p0 0 b -> ok
