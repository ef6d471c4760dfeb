# rules: N4 N9
# migrate_vma_collect_pmd, the dirty bit of the entry taken down: a migration that is given up must not make a page look clean.
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 l0 -> ok
write_done l0
read p0 0 -> a
write p0 0 b
dev_setup d0 p0 0+1 l0 system -> 1
dev_finalize l0
swap_out p0 0 -> ok
read p0 0 -> b
