# rules: E13 E14 E16 B6
# A page that fork shared through its slot: the last owner gets it out of the swap cache and writes in place.
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
fork p0 p1
read p1 1 -> a       # from the cache: shared, read-only
exit p0
fail_alloc 1
write p1 1 b -> ok
read p1 1 -> b
