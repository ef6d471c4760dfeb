# rules: N3
# migrate_vma_collect_pmd, pmd_trans_huge: the folio is split to single pages, and these are collected.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 5 b
dev_setup d0 p0 0+8 l0 system -> 8
dev_pages l0 device -> 8
dev_finalize l0
dev_read d0 p0 0 -> a
dev_read d0 p0 5 -> b
read p0 5 -> b
read p0 0 -> a
read p0 7 -> 0
