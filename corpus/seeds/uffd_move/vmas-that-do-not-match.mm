# rules: K2
# Both ranges in one VMA each, with the same rights, both LOCKED or none, writable, the destination watched.
config ptes=4
mmap p0 0+4 rw
mmap p0 10+4 r
mmap p0 20+4 rw
mmap p0 30+4 r
mmap p0 40+4 rw
write p0 0 a
uffd_register p0 20+4 wp
uffd_register p0 30+4 missing
uffd_register p0 40+4 missing
mlock p0 40+2
uffd_move p0 3+2 20 -> EINVAL
uffd_move p0 0+2 23 -> EINVAL
uffd_move p0 0+2 30 -> EINVAL   # other rights
uffd_move p0 10+2 30 -> EINVAL  # not writable
uffd_move p0 0+1 40 -> EINVAL   # LOCKED
uffd_move p0 20+1 0 -> EINVAL   # not watched
uffd_move p0 0+1 20 -> 1        # watched for anything will do
read p0 20 -> a
