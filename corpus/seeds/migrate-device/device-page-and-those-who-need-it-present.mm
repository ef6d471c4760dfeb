# rules: N17
# migrate, split, ksm and UFFDIO_MOVE do not take a device's page; a place it has is not empty.
mmap p0 0+8 rw
write p0 0 a
write p0 1 0
mmap p0 16+8 rw
madvise p0 0+8 mergeable
uffd_register p0 0+8 both
uffd_register p0 16+8 both
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
migrate p0 0 l0 -> ENOENT
split p0 0 order=0 -> EFAULT
ksm p0 0 p0 1 -> EFAULT
ksm_zero p0 0 -> EFAULT
uffd_copy p0 0 b -> EEXIST
uffd_zero p0 0 -> EEXIST
uffd_move p0 0+1 16 -> EFAULT
dev_read d0 p0 0 -> a
rmap_walk p0 0 -> p0
read p0 0 -> a
