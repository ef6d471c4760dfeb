# rules: N4 N5 N9
# migrate_vma_collect_pmd, not exclusive; migrate_vma_unmap finds the other process's entry. Both see the device's page, and neither may write it.
mmap p0 0+8 rw
write p0 0 a
fork p0 p1
dev_setup d0 p0 0+1 l0 system -> 1
read p1 0 -> BLOCKED
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 0 -> a
dev_read d0 p1 0 -> a
dev_write d0 p0 0 b -> EFAULT
rmap_walk p0 0 -> p0,p1
write p1 0 b
dev_read d0 p0 0 -> EFAULT
read p0 0 -> a
read p1 0 -> b
