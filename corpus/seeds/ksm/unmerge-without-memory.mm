# rules: P6 Z8
# Running out of memory ends it; what was unmerged stays, the flag, too.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
fail_alloc 2
madvise p0 0+4 unmergeable -> EAGAIN
write p0 3 0
ksm p0 1 p0 3 -> ok                   # mergeable still
madvise p0 0+4 unmergeable -> ok
ksm p0 1 p0 3 -> EFAULT
