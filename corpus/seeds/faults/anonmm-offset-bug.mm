# rules: M4 M18
# The copy of a move's first page finds no memory: nothing has moved, and nothing may be unmapped.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fail_alloc 3                               # the VMA, a table, the copy
mremap p0 0+1 8+1 maymove fixed -> ENOMEM
read p0 0 -> a
