# rules: F4 F6
# The head of a pinned huge page cannot be shared.
mmap p0 0+8 rw
thp always=3
write p0 5 a
pin p0 3 rw h0 -> 1
migrate p0 0 l0 -> EAGAIN
write p0 5 b -> ok
dma_write h0 0 c -> ok
read p0 3 -> c
