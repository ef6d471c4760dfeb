# rules: N1 N2 N3 N8 N9
# migrate_vma_collect_hole: where there is no table every address is an empty word, whatever is selected.
mmap p0 0+16 rw
dev_setup d0 p0 2+4 l0 -> 4
dev_pages l0 device -> 4
dev_finalize l0
dev_read d0 p0 3 -> 0
dev_write d0 p0 3 a
read p0 3 -> a
read p0 2 -> 0
