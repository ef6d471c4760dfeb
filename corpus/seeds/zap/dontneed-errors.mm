# rules: I5 I17
# LOCKED memory refuses DONTNEED, DONTNEED_LOCKED accepts it; a hole is ENOMEM after everything else was done.
mmap p0 0+1 rw
mmap p0 2+1 rw
write p0 0 a
write p0 2 b
madvise p0 0+3 dontneed -> ENOMEM
read p0 2 -> 0                        # done behind the hole
mlock p0 0+1
madvise p0 0+1 dontneed -> EINVAL
write p0 0 c
madvise p0 0+1 dontneed_locked -> ok
read p0 0 -> 0
