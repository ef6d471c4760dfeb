# rules: R2 P2 P3
# The content of two pages is compared when nobody can write to them any more: a store that comes
# before that is not lost.
mmap p0 0+2 rw
write p0 0 0
write p0 1 0
madvise p0 0+2 mergeable
race write p0 1 b at 4
ksm p0 0 p0 1 -> EINVAL
read p0 1 -> b
