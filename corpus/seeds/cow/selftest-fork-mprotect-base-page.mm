# rules: B1 B6 B9 C4 H4
# The COW selftest on a single small page: mprotect to read-only and back after fork gives nobody write access to a shared page.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mprotect p0 0+1 r
mprotect p0 0+1 rw
write p0 0 b
read p1 0 -> a
mprotect p1 0+1 r
mprotect p1 0+1 rw
write p1 0 c
read p0 0 -> b
