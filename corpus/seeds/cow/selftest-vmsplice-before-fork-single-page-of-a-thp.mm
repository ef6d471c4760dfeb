# rules: B7 B9 C4 D6 G2
# The COW selftest on the one page left of a THP: a plain reference taken by the parent before fork does not see what the child writes.
mmap p0 0+8 rw
thp always=3
write p0 5 a
madvise p0 0+5 dontneed
madvise p0 6+2 dontneed
get p0 5 r h0 fast -> 1
fork p0 p1
munmap p0 0+8
write p1 5 b
dma_read h0 0 -> a
read p1 5 -> b
