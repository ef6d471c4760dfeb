# rules: D3
# A page that is not there is faulted in by the walk: for reading the zero page, for writing a page of its own.
mmap p0 0+4 rw
get p0 0 r h0 -> 1
lock p0 0 l0 -> EFAULT
get p0 1 rw h1 -> 1
lock p0 1 l0 -> ok
dma_write h1 0 a
read p0 1 -> a
dma_read h0 0 -> 0
