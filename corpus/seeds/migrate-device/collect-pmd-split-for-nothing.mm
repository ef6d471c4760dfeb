# rules: N3
# migrate_vma_collect_pmd: a block is split before any flag is looked at.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 1 b
dev_setup d0 p0 1+1 l0 private -> 0
dev_finalize l0
lock p0 0 l0 -> ok
lock p0 1 l1 -> ok                   # another folio now
