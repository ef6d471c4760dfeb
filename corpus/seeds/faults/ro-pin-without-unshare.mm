# rules: D5
# A read-only pin of a shared page unshares it first.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0
write p0 0 b
dma_read h0 0 -> b
