# rules: P1
# A page that is locked is given up.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
lock p0 0 l0
ksm p0 0 p0 1 -> EAGAIN
drop l0
ksm p0 0 p0 1 -> ok
