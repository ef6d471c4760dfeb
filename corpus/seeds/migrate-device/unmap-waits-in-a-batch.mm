# rules: N5 S14
# migrate_vma_unmap, lru_add_drain: a fresh page that waits in a batch is on the LRU in time.
config lru_batch=on
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
read p0 0 -> a
