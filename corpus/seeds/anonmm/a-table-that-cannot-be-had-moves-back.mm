# rules: M4 M3
# The destination's table is looked at before the page is: no copy is made in vain.
config rmap=anonmm
mmap p0 0+12 rw
write p0 6 a
write p0 8 b
fork p0 p1
fail_alloc 4
mremap p0 4+8 20+8 maymove fixed -> ENOMEM  # the VMA, a table, a copy, the second table
read p0 6 -> a
read p0 8 -> b
rmap_walk p0 6 -> p0
rmap_walk p0 8 -> p0,p1
