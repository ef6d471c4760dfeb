# rules: N4 N9
# migrate_vma_collect_pmd, pte_uffd_wp and pte_soft_dirty, and the same of a device's entry: kept in both directions.
config soft_dirty=on
mmap p0 0+8 rw
write p0 0 a
uffd_register p0 0+8 wp
uffd_wp p0 0+8 on
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
write p0 0 b -> SIGBUS
dev_setup d0 p0 0+1 l0 private -> 0
dev_finalize l0
uffd_wp p0 0+8 off
write p0 0 b -> ok
