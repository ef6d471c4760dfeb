# rules: D5 D9 B9
# A read-only pin of a page that is not exclusive gets an exclusive page first.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
pin p1 0 r h0 -> 1
write p1 0 b
dma_read h0 0 -> b
read p0 0 -> a
