# rules: C6
# "For fork(), this means having to copy the page and not being able to share it."
mmap p0 0+4 rw
write p0 0 a -> ok
pin p0 0 rw h0 -> 1
fork p0 p1 -> ok
dma_write h0 0 b -> ok
read p0 0 -> b
read p1 0 -> a
