# rules: I12
# Guard regions replace what was there, by pages or by whole blocks, and refuse LOCKED memory.
mmap p0 0+16 rw
thp always=3
write p0 0 a
write p0 9 b
madvise p0 4+4 guard_install -> ok
read p0 0 -> a
read p0 5 -> SIGSEGV
madvise p0 8+8 guard_install -> ok
madvise p0 8+8 guard_install -> ok
read p0 9 -> SIGSEGV
madvise p0 0+16 guard_remove
read p0 9 -> 0
mlock p0 0+4
madvise p0 0+1 guard_install -> EINVAL
