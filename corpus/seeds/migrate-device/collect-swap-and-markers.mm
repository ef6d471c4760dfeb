# rules: N3
# migrate_vma_collect_pmd, other entries that are not present: passed over.
config uffd=unpopulated
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 -> ok
madvise p0 1+1 guard_install
uffd_register p0 2+1 wp
uffd_wp p0 2+1 on
mmap p0 8+8 rw
uffd_register p0 8+8 missing
uffd_poison p0 9
dev_setup d0 p0 0+2 l0 system private -> 0
dev_finalize l0
dev_setup d0 p0 2+1 l0 system private -> 0
dev_finalize l0
dev_setup d0 p0 9+1 l0 system private -> 0
dev_finalize l0
read p0 0 -> a
