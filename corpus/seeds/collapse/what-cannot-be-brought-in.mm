# rules: G16 A10
# A guard, a migration that would have to be waited for.
mmap p0 0+16 rw
write p0 0 a
write p0 8 b
madvise p0 1+1 guard_install
madvise p0 0+16 collapse -> EINVAL
migrate p0 8 l0 -> ok
madvise p0 8+8 collapse -> EINTR
migrate_end l0
madvise p0 8+8 collapse -> ok
read p0 8 -> b
