# rules: S3 H4
# New protection never brings the write bit by itself: a shared page and the zero page stay read-only after mprotect.
mmap p0 0+2 rw
write p0 0 a
read p0 1 -> 0
fork p0 p1
mprotect p0 0+2 r
mprotect p0 0+2 rw
fail_alloc 1
write p0 0 b -> OOM  # must copy
fail_alloc 1
write p0 1 b -> OOM  # must make a page
read p1 0 -> a
