# rules: N3 N8
# migrate_vma_collect_pmd, is_huge_zero_page: the PMD is split, and its zero pages are empty words.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
dev_setup d0 p0 4+4 l0 private -> 0
dev_finalize l0
dev_setup d0 p0 4+4 l0 system -> 4
dev_pages l0 device -> 4
dev_finalize l0
dev_write d0 p0 4 a
read p0 4 -> a
read p0 0 -> 0
