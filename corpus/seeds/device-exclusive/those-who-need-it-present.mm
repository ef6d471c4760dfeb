# rules: N17
# ksm and UFFDIO_MOVE do not take the page; its place is not empty.
mmap p0 0+8 rw
write p0 0 a
write p0 1 0
mmap p0 16+8 rw
madvise p0 0+8 mergeable
uffd_register p0 0+8 both
uffd_register p0 16+8 both
dev_exclusive d0 p0 0 l0 -> ok
drop l0
ksm p0 0 p0 1 -> EFAULT
ksm_zero p0 0 -> EFAULT
uffd_copy p0 0 b -> EEXIST
dev_write d0 p0 0 b -> ok
uffd_move p0 0+1 16 -> EFAULT
dev_write d0 p0 0 c -> EFAULT   # it was told before the move failed
read p0 0 -> b
