# rules: N3
# migrate_vma_collect_pmd, PageTransCompound: a page of a large folio that PTEs map is passed over.
mmap p0 0+8 rw
thp always=2
write p0 0 a
dev_setup d0 p0 0+4 l0 system -> 0
dev_finalize l0
dev_setup d0 p0 3+3 l0 system -> 2
dev_finalize l0
read p0 0 -> a
