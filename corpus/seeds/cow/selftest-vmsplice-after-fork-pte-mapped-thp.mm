# rules: B8 B9 C4 D6 G2
# The COW selftest on a THP of PMD order mapped by PTEs: a plain reference taken by the parent after fork does not see what the child writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
mprotect p0 0+1 r
mprotect p0 0+1 rw
fork p0 p1
get p0 5 r h0 fast -> 1
munmap p0 0+8
write p1 5 b
dma_read h0 0 -> a
read p1 5 -> b
