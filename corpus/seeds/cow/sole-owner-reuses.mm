# rules: B6 B4 C19
# When the other side has gone, the last owner writes in place.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
fail_alloc 1
write p0 0 b -> ok
read p0 0 -> b
