# rules: C6
# A read-only pin protects its page as well as a writing one.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 r h0 -> 1
fork p0 p1
write p0 0 b
dma_read h0 0 -> b
read p1 0 -> a
