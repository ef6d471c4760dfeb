# rules: C4 INV3
# GUP-fast begins before the fork, takes its pin in the middle, and finds the sequence count changed.
mmap p0 0+1 rw
write p0 0 a
race pin p0 0 rw h0 at 1,3,4,6
fork p0 p1 -> ok
dma_read h0 0 -> EBADF
write p0 0 b -> ok
read p1 0 -> a
