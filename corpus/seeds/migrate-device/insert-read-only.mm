# rules: N8 N10
# migrate_vma_insert_page in a VMA without WRITE: the device may read.
mmap p0 0+8 r
dev_setup d0 p0 0+1 l0 -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 a -> EFAULT
dev_read d0 p0 0 -> 0
mprotect p0 0+8 rw
dev_write d0 p0 0 a -> EFAULT
write p0 0 b -> ok
read p0 0 -> b
