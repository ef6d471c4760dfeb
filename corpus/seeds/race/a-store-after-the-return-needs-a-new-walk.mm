# rules: R17 R31 I6
# When the call has returned no CPU goes on with what it had: not with its rights, not with its page,
# not with its dirty bit.
mmap p0 0+1 rw
write p0 0 a
race write p0 0 b at end
mprotect p0 0+1 r -> ok
read p0 0 -> a
mprotect p0 0+1 rw
write p0 0 c
race write p0 0 d at end
madvise p0 0+1 free -> ok
read p0 0 -> c
write p0 0 e
race read p0 0 at end
munmap p0 0+1 -> ok
