# rules: C6 D9
# The COW selftest on a single small page: a buffer pinned for reading before fork sees what the parent writes after it.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 r h0 longterm -> 1
fork p0 p1
write p0 0 b
dma_read h0 0 -> b
read p1 0 -> a
