# rules: C18
# A fork that fails late gives back every mapping and reference it took: the parent reuses its page.
mmap p0 0+1 rw
mmap p0 2+1 rw
write p0 0 a
write p0 2 b
fail_alloc 8
fork p0 p1 -> ENOMEM
fail_alloc 1
write p0 0 c -> ok
exit p0
