# rules: N4 D17
# migrate_vma_collect_pmd, the share step fails: the entry is put back as it was.
mmap p0 0+8 rw
write p0 0 a
pin p0 0 rw h0 -> 1
dev_setup d0 p0 0+1 l0 system -> 0
write p0 0 b -> ok
dma_write h0 0 c
dev_finalize l0
read p0 0 -> c
