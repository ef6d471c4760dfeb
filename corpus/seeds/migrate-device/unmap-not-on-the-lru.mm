# rules: N5 N6
# migrate_vma_unmap, isolate_lru_page fails: the page goes back.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
isolate p0 0 l0 -> ok
dev_setup d0 p0 0+2 l1 system -> 1
write p0 0 c -> ok
dev_finalize l1
drop l0
read p0 0 -> c
read p0 1 -> b
