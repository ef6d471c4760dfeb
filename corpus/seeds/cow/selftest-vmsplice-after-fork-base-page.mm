# rules: B6 B9 C4 D6
# The COW selftest on a single small page: a plain reference taken by the parent after fork does not see what the child writes.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
get p0 0 r h0 fast -> 1
munmap p0 0+1
write p1 0 b
dma_read h0 0 -> a
read p1 0 -> b
