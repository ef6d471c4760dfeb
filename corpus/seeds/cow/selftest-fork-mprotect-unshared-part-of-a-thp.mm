# rules: B1 B7 B9 C4 G2 H4
# The COW selftest on an exclusive page of a THP whose other half was shared before: mprotect to read-only and back after fork gives nobody write access to a shared page.
mmap p0 0+8 rw
thp always=3
write p0 2 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
fork p0 p1
mprotect p0 0+8 r
mprotect p0 0+8 rw
write p0 2 b
read p1 2 -> a
mprotect p1 0+8 r
mprotect p1 0+8 rw
write p1 2 c
read p0 2 -> b
