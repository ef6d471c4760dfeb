# rules: O1
# make_device_exclusive, the error of the GUP call is the answer.
mmap p0 0+8 rw
mmap p0 8+8 r
uffd_register p0 0+1 missing
dev_exclusive d0 p0 20 l0 -> EFAULT
dev_exclusive d0 p0 8 l0 -> EFAULT
dev_exclusive d0 p0 0 l0 -> EFAULT
fail_alloc 1
dev_exclusive d0 p0 1 l0 -> ENOMEM
dev_exclusive d0 p1 1 l0 -> ESRCH
dev_exclusive d0 p0 1 l0 -> ok
dev_exclusive d0 p0 2 l0 -> EBUSY
