# rules: P6 F11
# A KSM page under migration would have to be waited for.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
migrate p0 0 l0 all -> ok
madvise p0 0+4 unmergeable -> EINTR
migrate_end l0
madvise p0 0+4 unmergeable -> ok
