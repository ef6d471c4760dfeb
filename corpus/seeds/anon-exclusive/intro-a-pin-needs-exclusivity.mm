# rules: D5 B9 INV3
# "It must only pin if PG_anon_exclusive is set": a read-only pin of a shared page gets a copy first.
mmap p0 0+4 rw
write p0 0 a -> ok
fork p0 p1 -> ok
pin p0 0 r h0 longterm -> 1
write p0 0 b -> ok
dma_read h0 0 -> b
read p1 0 -> a
