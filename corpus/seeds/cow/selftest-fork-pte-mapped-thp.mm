# rules: B1 B7 B9 C4 G2
# The COW selftest on a THP of PMD order mapped by PTEs: after fork neither side sees what the other writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
mprotect p0 0+1 r
mprotect p0 0+1 rw
fork p0 p1
write p1 5 b
read p0 5 -> a
write p0 5 c
read p1 5 -> b
read p0 5 -> c
