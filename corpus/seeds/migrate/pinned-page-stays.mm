# rules: F3 F6 F12 F14 D17
# The share step fails for a pinned page; what was taken down comes back as it was.
mmap p0 0+4 rw
write p0 0 a
pin p0 0 rw h0 -> 1
migrate p0 0 l0 -> EAGAIN
write p0 0 b -> ok
dma_read h0 0 -> b
