# rules: N9
# migrate_vma_finalize, a destination that was not used is free again.
config dev_mem=1
mmap p0 0+8 rw
dev_setup d0 p0 0+1 l0 -> 1
write p0 0 a
dev_pages l0 device -> 0
dev_setup d0 p0 1+1 l1 -> 1
dev_finalize l0
dev_pages l1 device -> 1
dev_finalize l1
dev_read d0 p0 1 -> 0
