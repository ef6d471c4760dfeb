# rules: N7 N9
# migrate_vma_pages without a destination: what the device has no memory for goes back.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_setup d0 p0 0+2 l0 system -> 2
fail_alloc 1
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 0 -> EFAULT
dev_read d0 p0 1 -> b
read p0 0 -> a
