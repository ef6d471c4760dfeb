# A device wrote, and its handle was dropped without `dirty`: a clean page of the swap cache may go, and what the
# slot holds comes back (D13, E11). The ideal layer took that for a lost write.
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0
read p0 0
pin p0 0 rw h0
dma_write h0 0 b
put h0
swap_out p0 0 -> ok
read p0 0 -> a
