# rules: P4 Z8
# No memory for the copy: a KSM page with one user is left.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
get p0 1 r h0
fail_alloc 1
ksm p0 0 p0 1 -> EAGAIN
fail_alloc 1
write p0 0 a -> OOM       # a KSM page is never reused
