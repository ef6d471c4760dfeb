# rules: N3 N8
# migrate_vma_collect_pmd, is_zero_pfn: an empty word, when ordinary pages are selected; the device's page takes its place.
mmap p0 0+8 rw
read p0 0 -> 0
read p0 1 -> 0
dev_setup d0 p0 0+1 l0 private -> 0
dev_finalize l0
dev_setup d0 p0 0+2 l0 system -> 2
read p0 1 -> 0
dev_pages l0 device -> 2
dev_finalize l0
dev_write d0 p0 1 a
read p0 1 -> a
read p0 0 -> 0
