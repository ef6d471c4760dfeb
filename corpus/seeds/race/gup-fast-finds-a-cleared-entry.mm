# rules: E4 INV3
# Once the entry is cleared there is nothing to pin: GUP-fast backs off, and the swapout goes on.
mmap p0 0+1 rw
write p0 0 a
race pin p0 0 rw h0 at 1,1,1,1
swap_out p0 0 -> ok
dma_read h0 0 -> EBADF
read p0 0 -> a
