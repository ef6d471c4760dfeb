# rules: F1 F3 F8 L7
# With `all` a shared page is taken from every process, and comes back to each.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
migrate p0 0 l0 -> EACCES
migrate p0 0 l0 all -> ok
read p0 0 -> BLOCKED
read p1 0 -> BLOCKED
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 0 -> a
read p1 0 -> a
write p1 0 b
read p0 0 -> a
