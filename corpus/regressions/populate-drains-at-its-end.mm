# MADV_POPULATE_WRITE drains the batches once, at its end, and not for each VMA (S14): a page that waits to be lazyfree
# has a reference more, and is copied (B6).
config ptes=4 lru_batch=on
mmap p0 0+2 rw
write p0 1 a
fork p0 p1
madvise p1 0+1 hugepage
write p0 1 a
madvise p1 1+1 free
madvise p1 0+2 populate_write
