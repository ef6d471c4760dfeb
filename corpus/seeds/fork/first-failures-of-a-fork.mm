# rules: C18 L3
# The mm, the VMA, the anon_vma and its links, and the tables may each be missing; the parent never notices.
mmap p0 0+1 rw
write p0 0 a
fail_alloc 1
fork p0 p1 -> ENOMEM
fail_alloc 2
fork p0 p1 -> ENOMEM
fail_alloc 4
fork p0 p1 -> ENOMEM
fail_alloc 7
fork p0 p1 -> ENOMEM
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok    # nothing had been shared yet
fork p0 p1 -> ok
