# rules: P1 L10 L11
# MERGEABLE is a VMA flag like others; droppable memory never gets it.
mmap p0 0+8 rw
madvise p0 2+2 mergeable
write p0 2 0
write p0 3 0
ksm p0 2 p0 3 -> ok
madvise p0 2+2 unmergeable
mmap p0 16+4 rw droppable
madvise p0 16+4 mergeable -> ok
write p0 16 0
ksm_zero p0 16 -> EFAULT
