# rules: B1 B6 B9 C4
# The COW selftest on a single small page: after fork neither side sees what the other writes.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
write p1 0 b
read p0 0 -> a
write p0 0 c
read p1 0 -> b
read p0 0 -> c
