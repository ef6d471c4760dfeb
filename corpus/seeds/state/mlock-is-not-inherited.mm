# rules: Z2 C2
# The child of a fork has the pages but not the lock.
mmap p0 0+2 rw
mlock p0 0+2
write p0 0 a
fork p0 p1
read p1 0 -> a
madvise p1 0+2 dontneed -> ok
madvise p0 0+2 dontneed -> EINVAL
read p0 0 -> a
