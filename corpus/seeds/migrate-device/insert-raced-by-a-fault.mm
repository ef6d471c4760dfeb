# rules: N8 N9
# migrate_vma_insert_page, the entry is not empty any more: a page that came meanwhile is left alone.
mmap p0 0+8 rw
dev_setup d0 p0 0+2 l0 system -> 2
write p0 0 a -> ok
dev_pages l0 device -> 1
dev_finalize l0
read p0 0 -> a
dev_read d0 p0 0 -> EFAULT
dev_read d0 p0 1 -> 0
