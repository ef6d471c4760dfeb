# rules: B3 B4
# "When a COW handler stumbles over a page that's marked exclusive, it simply reuses it", whoever
# else holds a reference.
mmap p0 0+4 rw
write p0 0 a -> ok
fork p0 p1 -> ok
pin p0 0 r h0 longterm -> 1
write p0 0 b -> ok
dma_read h0 0 -> b
read p1 0 -> a
