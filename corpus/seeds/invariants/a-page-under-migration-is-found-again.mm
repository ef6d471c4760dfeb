# rules: INV6 INV13
# While a page is on its way nobody reaches it; at the end everyone finds it, and it is as exclusive
# as it was.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
migrate p0 0 l0 -> ok
read p0 0 -> BLOCKED
migrate p0 1 l1 -> ok
fork p0 p1 -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
migrate_end l1 -> ok
read p1 0 -> a
write p0 0 c -> ok
read p1 0 -> a
read p1 1 -> b
