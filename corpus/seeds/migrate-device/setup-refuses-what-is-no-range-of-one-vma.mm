# rules: N2
# migrate_vma_setup: arguments. The range must lie in one VMA, and be short enough for the driver's arrays.
mmap p0 0+8 rw
mmap p0 8+40 r
dev_setup d0 p0 0+0 l0 system -> EINVAL
dev_setup d0 p0 64+4 l0 system -> EINVAL
dev_setup d0 p0 4+8 l0 system -> EINVAL
dev_setup d0 p0 8+33 l0 system -> EINVAL
dev_setup d0 p0 511+2 l0 system -> EINVAL
dev_setup d0 p1 0+4 l0 system -> ESRCH
dev_setup d0 p0 8+32 l0 system -> 32
dev_setup d0 p0 0+4 l0 system -> EBUSY
drop l0 -> EBADF
migrate_end l0 -> EBADF
dev_finalize l0 -> ok
dev_finalize l0 -> EBADF
dev_pages l0 device -> EBADF
