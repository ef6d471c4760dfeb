# rules: E9
config ptes=4
mmap p0 0+1 rw
write p0 0 a
get p0 0 rw h0
madvise p0 0+1 free
swap_out p0 0 -> EBUSY
dma_write h0 0 b
read p0 0 -> b
