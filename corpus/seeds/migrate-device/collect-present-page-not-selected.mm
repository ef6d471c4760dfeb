# rules: N3
# migrate_vma_collect_pmd: without SELECT_SYSTEM a present page is passed over; nothing collected is no error.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 private -> 0
write p0 0 b -> ok
dev_pages l0 device -> 0
dev_finalize l0
read p0 0 -> b
