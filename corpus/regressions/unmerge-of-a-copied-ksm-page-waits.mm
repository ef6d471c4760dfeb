# The entry of a KSM page under migration is one until the migration ends, also when the copy was made (P6, F7).
config ptes=4
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
migrate p0 0 l0 all -> ok
migrate_copy l0 -> ok
madvise p0 0+4 unmergeable -> EINTR
