# rules: I1 I5
# A sealed VMA cannot be unmapped; a discard is refused only where it is not writable.
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
mprotect p0 1+1 r
mseal p0 0+2 -> ok
munmap p0 0+2 -> EPERM
madvise p0 1+1 dontneed -> EPERM
madvise p0 0+1 dontneed -> ok
read p0 0 -> 0
read p0 1 -> b
mseal p0 0+3 -> ENOMEM
