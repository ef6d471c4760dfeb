# rules: B9 D5 B3
# A read-only pin of a shared page gets a copy, exclusive but read-only; the owner's next write reuses that copy.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0 -> 1
lock p0 0 l0
lock p1 0 l1 -> ok  # two folios now
drop l0
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b
read p1 0 -> a
