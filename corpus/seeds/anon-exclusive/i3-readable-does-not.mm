# rules: F3 F8
# A shared page stays shared over its migration: the entry is of the readable kind.
mmap p0 0+4 rw
write p0 0 a -> ok
fork p0 p1 -> ok
migrate p0 0 l0 all -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
write p0 0 b -> ok
read p1 0 -> a
