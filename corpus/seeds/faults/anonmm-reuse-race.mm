# rules: M15 M19
# A page that is out of place, since its copy found no memory, is reused when its relative has gone: it must note where it is.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
mremap p1 0+1 8+1 maymove fixed
read p0 0
fail_alloc 1
read p1 8 -> OOM
exit p0
write p1 8 b
rmap_walk p1 8 -> p1
