# rules: I13 F7
# The migration outlives the process.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
migrate p0 0 l0 all -> ok
exit p0
migrate_copy l0 -> ok
migrate_end l0
read p1 0 -> a
