# rules: N13
# migrate_device_pfns: a locked page is passed over; no VMA is asked for.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_setup d0 p0 0+2 l0 system -> 2
dev_pages l0 device -> 2
dev_finalize l0
lock p0 0 l0 -> ok
dev_evict d0 p0 0+0 l1 -> EINVAL
dev_evict d0 p0 0+33 l1 -> EINVAL
dev_evict d0 p0 510+4 l1 -> EINVAL
dev_evict d0 p0 0+4 l0 -> EBUSY
dev_evict d0 p0 0+32 l1 -> 1
dev_pages l1 host -> 1
dev_finalize l1
dev_read d0 p0 0 -> a
dev_read d0 p0 1 -> EFAULT
read p0 1 -> b
