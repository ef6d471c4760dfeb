# rules: N8 N9
# migrate_vma_insert_page, pmd_trans_huge: a whole block came meanwhile.
mmap p0 0+8 rw
dev_setup d0 p0 0+2 l0 -> 2
thp always=3
write p0 4 a
dev_pages l0 device -> 0
dev_finalize l0
read p0 0 -> 0
read p0 4 -> a
