# rules: D6
# A GET for reading takes the shared page; the owner's next write moves away from it.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fail_alloc 1
get p0 0 r h0 -> 1
write p0 0 b
dma_read h0 0 -> a
read p1 0 -> a
