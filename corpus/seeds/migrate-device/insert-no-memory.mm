# rules: N8 N9 L1
# migrate_vma_insert_page: tables, anon_vma and its link are allocated in this order, behind the device's page; what was made stays.
mmap p0 0+8 rw
dev_setup d0 p0 0+1 l0 -> 1
fail_alloc 2
dev_pages l0 device -> 0     # PMD table
dev_finalize l0
dev_setup d0 p0 0+1 l0 -> 1
fail_alloc 3
dev_pages l0 device -> 0     # PTE table
dev_finalize l0
dev_setup d0 p0 0+1 l0 -> 1
fail_alloc 3
dev_pages l0 device -> 0     # the PTE table is made, of anon_vma and link the first fails
dev_finalize l0
dev_setup d0 p0 0+1 l0 -> 1
fail_alloc 3
dev_pages l0 device -> 0     # the second
dev_finalize l0
dev_setup d0 p0 0+1 l0 -> 1
dev_pages l0 device -> 1
dev_finalize l0
read p0 0 -> 0
