# rules: B1 B7 B9 C4 G2
# The COW selftest on an exclusive page of a THP whose other half was shared before: after fork neither side sees what the other writes.
mmap p0 0+8 rw
thp always=3
write p0 2 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
fork p0 p1
write p1 2 b
read p0 2 -> a
write p0 2 c
read p1 2 -> b
read p0 2 -> c
