# rules: C11 F10 F8
# A fork makes the entries of both sides READ: afterwards they share the new page, nobody exclusively.
mmap p0 0+4 rw
write p0 0 a
migrate p0 0 l0 -> ok
fork p0 p1
migrate_copy l0 -> ok
migrate_end l0
read p1 0 -> a
write p0 0 b
read p1 0 -> a
read p0 0 -> b
