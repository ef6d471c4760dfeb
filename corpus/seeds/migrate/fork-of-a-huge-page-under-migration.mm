# rules: C11 F4
# The same at PMD level: the child gets a MIGRATION entry and a table for it.
mmap p0 0+8 rw
thp always=3
write p0 2 a
migrate p0 2 l0 -> ok
fail_alloc 5
fork p0 p1 -> ENOMEM
fork p0 p1 -> ok
migrate_copy l0 -> ok
migrate_end l0
write p0 2 b
read p1 2 -> a
