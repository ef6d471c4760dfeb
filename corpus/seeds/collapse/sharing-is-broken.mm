# rules: G17
# A shared page is simply copied; the other process keeps the old one.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
fork p0 p1
madvise p0 0+8 collapse -> ok
write p0 0 c
read p1 0 -> a
fail_alloc 1
write p1 0 d -> ok             # alone now
