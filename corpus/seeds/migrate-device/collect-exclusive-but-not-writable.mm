# rules: N4 N9 N10
# migrate_vma_collect_pmd, anon_exclusive: a page that may not be written stays its owner's alone.
mmap p0 0+8 rw
write p0 0 a
mprotect p0 0+8 r
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 0 -> a
dev_write d0 p0 0 b -> EFAULT
read p0 0 -> a
mprotect p0 0+8 rw
get p0 0 rw h0 nofault -> 1
