# rules: N4
# migrate_vma_collect_pmd, trylock_page fails: the page is passed over, its entry untouched.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
lock p0 0 l0 -> ok
dev_setup d0 p0 0+2 l1 system -> 1
write p0 0 c -> ok
read p0 1 -> BLOCKED
dev_finalize l1
read p0 1 -> b
drop l0
read p0 0 -> c
