# rules: N3
# migrate_vma_collect_pmd: a page that somebody migrates already is passed over, the leaf of a whole block, too.
mmap p0 0+8 rw
write p0 0 a
mmap p0 8+8 rw
thp always=3
write p0 8 b
migrate p0 0 l0 -> ok
migrate p0 8 l1 -> ok
dev_setup d0 p0 0+1 l2 system -> 0
dev_finalize l2
dev_setup d0 p0 8+8 l2 system -> 0
dev_finalize l2
migrate_end l0
migrate_end l1
read p0 0 -> a
read p0 8 -> b
