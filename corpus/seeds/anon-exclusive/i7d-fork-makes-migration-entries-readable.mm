# rules: C11 F8
# "Writable and readable-exclusive entries are converted to readable entries: possibly shared", on
# both sides.
mmap p0 0+4 rw
write p0 0 a -> ok
write p0 1 b -> ok
mprotect p0 1+1 r -> ok
migrate p0 0 l0 -> ok
migrate p0 1 l1 -> ok
fork p0 p1 -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
migrate_end l1 -> ok
write p0 0 c -> ok
read p1 0 -> a
mprotect p0 1+1 rw -> ok
write p0 1 d -> ok
read p1 1 -> b
