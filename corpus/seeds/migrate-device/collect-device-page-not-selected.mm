# rules: N3
# migrate_vma_collect_pmd: a device's page is passed over without SELECT_DEVICE_PRIVATE, and for any other owner.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_setup d0 p0 0+1 l0 system -> 0
dev_finalize l0
dev_setup d1 p0 0+1 l0 system private -> 0
dev_finalize l0
dev_read d0 p0 0 -> a
