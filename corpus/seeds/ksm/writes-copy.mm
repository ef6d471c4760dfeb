# rules: B11 P5
# A write to a KSM page copies, even for its last user.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
write p0 0 a
fail_alloc 1
write p0 1 b -> OOM
write p0 1 b -> ok
read p0 0 -> a
