# rules: P3
# The KSM page stays, the other goes, in whichever order they are named; two KSM pages stay apart.
mmap p0 0+8 rw
madvise p0 0+8 mergeable
write p0 0 0
write p0 1 0
write p0 2 0
write p0 3 0
write p0 4 0
ksm p0 0 p0 1 -> ok
ksm p0 2 p0 0 -> ok
ksm p0 3 p0 4 -> ok
ksm p0 0 p0 3 -> EINVAL
lock p0 2 l0
lock p0 0 l1 -> EAGAIN
