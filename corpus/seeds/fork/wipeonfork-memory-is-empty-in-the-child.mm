# rules: C2 I11
# A WIPEONFORK mapping is there in the child, untouched; the parent's pages are not shared with anyone.
mmap p0 0+4 rw
write p0 0 a
madvise p0 0+4 wipeonfork -> ok
fork p0 p1
read p1 0 -> 0
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok
madvise p0 0+4 keeponfork -> ok
drop l0
fork p0 p2
read p2 0 -> b
