# rules: M3 M6 M20
# mapcount 2: COW is broken early, at the old address, also where the VMA is read-only.
config rmap=anonmm
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
mprotect p0 0+2 r
fork p0 p1
mremap p1 0+2 8+2 maymove fixed -> @8
rmap_walk p0 0 -> p0
rmap_walk p1 8 -> p1
write p1 8 c -> SIGSEGV
mprotect p1 8+2 rw
write p1 8 c
read p0 0 -> a
swap_out p1 8 -> ok
swap_out p0 1 -> ok
read p1 9 -> b
