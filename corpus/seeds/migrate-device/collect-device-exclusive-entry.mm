# rules: N3
# migrate_vma_collect_pmd: a page that is exclusive to a device is passed over.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_setup d1 p0 0+1 l1 system private -> 0
dev_finalize l1
dev_write d0 p0 0 b -> EFAULT               # another device's migration is an event to it
read p0 0 -> a
