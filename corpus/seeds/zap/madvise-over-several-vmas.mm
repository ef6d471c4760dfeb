# rules: I17
# VMAs are advised upwards: the first error ends the call, a hole is remembered; what came before stays done.
mmap p0 0+1 rw
mmap p0 2+1 rw
mmap p0 4+1 rw
write p0 0 a
write p0 2 b
write p0 4 c
mlock p0 2+1
madvise p0 0+5 dontneed -> EINVAL
read p0 0 -> 0
read p0 4 -> c
madvise p0 3+2 dontneed -> ENOMEM
read p0 4 -> 0
madvise p0 9+0 dontneed -> ok
