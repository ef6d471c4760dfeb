# rules: N3
# migrate_vma_collect_pmd, trylock_page fails: the whole part is passed over, and no reference stays behind.
mmap p0 0+8 rw
thp always=3
write p0 0 a
lock p0 0 l0 -> ok
dev_setup d0 p0 2+4 l1 system -> 0
dev_finalize l1
drop l0
split p0 0 order=0 -> ok
read p0 0 -> a
