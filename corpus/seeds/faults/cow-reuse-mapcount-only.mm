# rules: B6 I5
# A reference taken by the child before it unmapped keeps the old page: the parent must copy.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
get p1 0 r h0
madvise p1 0+1 dontneed
write p0 0 b
dma_read h0 0 -> a
