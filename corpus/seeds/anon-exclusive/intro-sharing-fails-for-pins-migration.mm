# rules: F3 D17
# "For migration this means, migration will fail early."
mmap p0 0+4 rw
write p0 0 a -> ok
pin p0 0 rw h0 -> 1
migrate p0 0 l0 -> EAGAIN
write p0 0 b -> ok
dma_read h0 0 -> b
