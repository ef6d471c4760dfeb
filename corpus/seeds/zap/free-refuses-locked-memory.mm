# rules: I5 Z2
# MADV_FREE needs memory that is not LOCKED; untouched and zero pages are passed over.
mmap p0 0+2 rw
mmap p0 2+2 rw
read p0 0 -> 0
madvise p0 0+2 free -> ok
mlock p0 2+2
madvise p0 2+2 free -> EINVAL
madvise p0 0+4 free -> EINVAL
