# rules: C6 C7 C8 D9 G2
# The COW selftest on a THP mapped by a PMD: a buffer pinned for reading before fork sees what the parent writes after it.
mmap p0 0+8 rw
thp always=3
write p0 5 a
pin p0 5 r h0 longterm -> 1
fork p0 p1
write p0 5 b
dma_read h0 0 -> b
read p1 5 -> a
