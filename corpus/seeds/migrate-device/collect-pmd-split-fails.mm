# rules: N3
# migrate_vma_collect_pmd, split_huge_page fails: a reference more than the mapping's; the whole part is passed over.
mmap p0 0+8 rw
thp always=3
write p0 0 a
get p0 0 r h0 -> 1
dev_setup d0 p0 0+8 l0 system -> 0
dev_finalize l0
put h0
dev_setup d0 p0 0+8 l0 system -> 8
dev_finalize l0
read p0 0 -> a
