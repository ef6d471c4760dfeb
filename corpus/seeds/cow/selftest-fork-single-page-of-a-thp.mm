# rules: B1 B7 B9 C4 G2
# The COW selftest on the one page left of a THP: after fork neither side sees what the other writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+5 dontneed
madvise p0 6+2 dontneed
fork p0 p1
write p1 5 b
read p0 5 -> a
write p0 5 c
read p1 5 -> b
read p0 5 -> c
