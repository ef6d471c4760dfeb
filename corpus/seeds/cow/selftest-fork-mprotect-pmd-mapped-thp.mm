# rules: B1 B7 B9 B13 C8 G2
# The COW selftest on a THP mapped by a PMD: mprotect to read-only and back after fork gives nobody write access to a shared page.
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
mprotect p0 0+8 r
mprotect p0 0+8 rw
write p0 5 b
read p1 5 -> a
mprotect p1 0+8 r
mprotect p1 0+8 rw
write p1 5 c
read p0 5 -> b
