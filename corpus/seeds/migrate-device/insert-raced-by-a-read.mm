# rules: N8
# migrate_vma_insert_page, is_zero_pfn: a zero page that came meanwhile is replaced.
mmap p0 0+8 rw
dev_setup d0 p0 0+1 l0 -> 1
read p0 0 -> 0
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 a
read p0 0 -> a
