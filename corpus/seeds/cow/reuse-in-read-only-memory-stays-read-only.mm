# rules: B4 B6 D20
# A forced write that reuses a page marks the entry dirty but gives no write bit where the VMA has none.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
mprotect p0 0+1 r
fail_alloc 1
poke p0 0 b -> ok        # reuse, no copy
write p0 0 c -> SIGSEGV
read p0 0 -> b
