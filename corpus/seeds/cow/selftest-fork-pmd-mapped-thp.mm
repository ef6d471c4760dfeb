# rules: B1 B7 B9 B13 C8 G2
# The COW selftest on a THP mapped by a PMD: after fork neither side sees what the other writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
write p1 5 b
read p0 5 -> a
write p0 5 c
read p1 5 -> b
read p0 5 -> c
