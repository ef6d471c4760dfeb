# rules: G2 G5 L11
# Unmapping part of a huge page leaves the rest mapped and written in place.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 6 b
munmap p0 0+4 -> ok
read p0 0 -> SIGSEGV
fail_alloc 1
write p0 6 c -> ok
read p0 5 -> 0
