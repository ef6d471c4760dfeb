# rules: D1 D7 D13
# Both kinds of handle reach the page; a handle is opened once, closed once, and reads or writes as it was taken.
mmap p0 0+4 rw
write p0 1 a
get p0 1 r h0 -> 1
pin p0 0+2 rw h1 -> 2
pin p0 0 rw h1 -> EBUSY
dma_read h0 0 -> a
dma_write h0 0 b -> EACCES
dma_write h1 1 b -> ok
dma_write h1 2 b -> EINVAL
read p0 1 -> b
put h1 -> ok
put h1 -> EBADF
dma_read h1 0 -> EBADF
