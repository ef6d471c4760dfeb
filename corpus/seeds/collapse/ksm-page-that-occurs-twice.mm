# rules: G16 P3
# A KSM page is copied like any other; one that occurs twice in the block is locked when it is met again.
mmap p0 0+16 rw
madvise p0 0+16 mergeable
write p0 0 0
write p0 1 0
write p0 8 0
ksm p0 0 p0 8 -> ok
madvise p0 8+8 collapse -> ok
ksm p0 0 p0 1 -> ok
madvise p0 0+8 collapse -> EAGAIN
read p0 1 -> 0
