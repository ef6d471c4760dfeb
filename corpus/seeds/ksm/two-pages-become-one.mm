# rules: P1 P2 P3
# Equal pages of two processes are one page, which neither may write.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
ksm p0 0 p0 1 -> ok       # the same page already
fail_alloc 1
write p0 0 a -> OOM
write p0 0 a
read p0 1 -> 0
