# rules: N3 N5 N9
# A KSM page goes to the device like any other.
mmap p0 0+8 rw
madvise p0 0+8 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 0 -> 0
dev_read d0 p0 1 -> 0
write p0 0 a
read p0 1 -> 0
