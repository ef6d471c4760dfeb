# rules: B8 B9 C4 D6 G2
# The COW selftest on an exclusive page of a THP whose other half was shared before: a plain reference taken by the parent after fork does not see what the child writes.
mmap p0 0+8 rw
thp always=3
write p0 2 a
madvise p0 0+4 dontfork
fork p0 p3
madvise p0 0+4 dofork
exit p3
fork p0 p1
get p0 2 r h0 fast -> 1
munmap p0 0+8
write p1 2 b
dma_read h0 0 -> a
read p1 2 -> b
