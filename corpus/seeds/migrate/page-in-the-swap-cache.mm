# rules: F7 E13
# The slots follow the content.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
swap_out p0 0
read p0 0 -> a
migrate p0 0 l0 -> ok
read p1 0 -> BLOCKED
migrate_copy l0 -> ok
migrate_end l0
read p1 0 -> a
read p0 0 -> a
