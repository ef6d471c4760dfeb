# rules: N8 N9
# migrate_vma_insert_page, userfaultfd_missing: no page, and no event.
mmap p0 0+8 rw
uffd_register p0 0+8 missing
dev_setup d0 p0 0+1 l0 -> 1
dev_pages l0 device -> 0
dev_finalize l0
read p0 0 -> SIGBUS
uffd_copy p0 0 a -> ok
read p0 0 -> a
