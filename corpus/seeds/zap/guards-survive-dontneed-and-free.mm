# rules: I3 I5 I6
# DONTNEED and FREE leave guard regions standing; GUARD_REMOVE takes them away and leaves pages alone.
mmap p0 0+4 rw
write p0 0 a
write p0 3 b
madvise p0 1+1 guard_install
madvise p0 0+2 dontneed
read p0 1 -> SIGSEGV
madvise p0 0+4 free
read p0 1 -> SIGSEGV
madvise p0 0+4 guard_remove
read p0 1 -> 0
read p0 3 -> b
