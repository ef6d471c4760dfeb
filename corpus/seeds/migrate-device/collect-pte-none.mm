# rules: N3 N8
# migrate_vma_collect_pmd, pte_none: an empty word in a table that exists.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+3 l0 -> 2
dev_pages l0 device -> 2
dev_finalize l0
dev_write d0 p0 2 b
dev_read d0 p0 0 -> EFAULT
read p0 0 -> a
read p0 1 -> 0
read p0 2 -> b
