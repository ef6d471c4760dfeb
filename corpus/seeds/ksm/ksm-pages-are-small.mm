# rules: P8 P3
# A KSM page is always a folio of its own.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
split p0 0 order=0 -> EINVAL
