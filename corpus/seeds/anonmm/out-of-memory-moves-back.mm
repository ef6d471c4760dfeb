# rules: M4 M18
# The copy of the second page finds no memory: the first one is moved back, and the new place is gone.
config rmap=anonmm
mmap p0 0+3 rw
write p0 0 a
write p0 1 b
write p0 2 c
fork p0 p1
write p0 0 d
fail_alloc 3
mremap p0 0+3 8+3 maymove fixed -> ENOMEM  # the VMA, a table, the copy
read p0 0 -> d
read p0 1 -> b
read p0 8 -> SIGSEGV
rmap_walk p0 1 -> p0,p1
mremap p0 0+3 8+3 maymove fixed -> @8
read p0 10 -> c
read p1 1 -> b
