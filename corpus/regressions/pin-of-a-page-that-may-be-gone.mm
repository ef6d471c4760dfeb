# MADV_FREE memory that was poisoned once is reclaimed, and the pin gets a page of zeroes in its place: what shows zero for two
# reasons settles nothing, so the pin may hold either when its owner gives the page up (INV26, Q1, E11).
config ptes=4
mmap p0 0+1 rw
hwpoison p0 0
write p0 0 a
madvise p0 0+1 free
swap_out p0 0
pin p0 0 rw h0
madvise p0 0+1 dontneed
dma_read h0 0 -> 0
