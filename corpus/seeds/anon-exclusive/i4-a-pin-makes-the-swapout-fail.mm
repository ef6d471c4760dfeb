# rules: E1 E4
# "Try marking the mapped page possibly shared; if it fails because there are GUP pins, unmap fails."
mmap p0 0+4 rw
write p0 0 a -> ok
write p0 1 b -> ok
pin p0 0 r h0 longterm -> 1
swap_out p0 0 -> EBUSY
swap_out p0 1 -> ok
write p0 0 c -> ok
dma_read h0 0 -> c
read p0 1 -> b
