# rules: I1 I15
# Unmapped pages are gone: the place faults, and new memory there is zero.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
munmap p0 0+1 -> ok
read p0 0 -> SIGSEGV
mmap p0 0+1 rw
read p0 0 -> 0
read p0 1 -> b
