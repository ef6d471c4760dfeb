# rules: M7 M11 M16 M17 M19
# The same by a fault. The page that the scheme cannot find is found again when its other owner has gone and it is
# written: then it notes its address.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
mremap p1 0+1 8+1 maymove fixed
read p0 0 -> a
fail_alloc 1
read p1 8 -> OOM
rmap_walk p1 8 -> p0
exit p0
rmap_walk p1 8 -> nobody
swap_out p1 8 -> EBUSY
fail_alloc 1
write p1 8 b -> ok
rmap_walk p1 8 -> p1
swap_out p1 8 -> ok
read p1 8 -> b
