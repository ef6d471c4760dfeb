# rules: N4 N9 N10
# migrate_vma_collect_pmd, MIGRATE_PFN_WRITE: what was writable is the device's to write, and writable when it is back.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b -> ok
dev_setup d0 p0 0+1 l0 private -> 1
dev_pages l0 host -> 1
dev_finalize l0
get p0 0 rw h0 nofault -> 1
read p0 0 -> b
