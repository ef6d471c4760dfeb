# rules: N3 N4 N5 N7 N9 N12
# migrate_vma_collect_pmd, a present page: it goes to the device, and a CPU that touches it brings it back.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
read p0 0 -> BLOCKED
write p0 0 b -> BLOCKED
dev_pages l0 device -> 1
dev_pages l0 device -> EINVAL
read p0 0 -> BLOCKED
dev_finalize l0
dev_read d0 p0 0 -> a
dev_read d1 p0 0 -> EFAULT
read p0 0 -> a
dev_read d0 p0 0 -> EFAULT
write p0 0 c
read p0 0 -> c
