# rules: N9
# migrate_vma_finalize of what was not migrated: everything is as before.
mmap p0 0+8 rw
write p0 0 a
fork p0 p1
write p0 1 b
dev_setup d0 p0 0+3 l0 system -> 3
dev_finalize l0
get p0 1 rw h0 nofault -> 1
put h0
read p1 0 -> a
write p0 0 c
read p1 0 -> a
isolate p0 1 l0 -> ok
