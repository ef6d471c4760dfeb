# rules: E1
# "For swap this means, unmapping will fail."
mmap p0 0+4 rw
write p0 0 a -> ok
pin p0 0 rw h0 -> 1
swap_out p0 0 -> EBUSY
write p0 0 b -> ok
dma_read h0 0 -> b
