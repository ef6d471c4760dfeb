# rules: N8 N9
# migrate_vma_insert_page with an ordinary page: as if written, where it may be.
mmap p0 0+4 rw
mmap p0 4+4 r
dev_setup d0 p0 0+1 l0 -> 1
dev_pages l0 host -> 1
read p0 0 -> 0
isolate p0 0 l1 -> ok
drop l1
dev_finalize l0
get p0 0 rw h0 nofault -> 1
dev_setup d0 p0 4+1 l0 -> 1
dev_pages l0 host -> 1
dev_finalize l0
read p0 4 -> 0
write p0 4 a -> SIGSEGV
