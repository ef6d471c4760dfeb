# rules: INV26 I6 Q1
# The page was given up on the device, and memory failure had tried for it: a pin for reading may have got the zero page.
config ptes=4
mmap p0 0+1 rw
hwpoison p0 0
write p0 0 a
swap_out p0 0
madvise p0 0+1 free
pin p0 0 r h0
madvise p0 0+1 dontneed
dma_read h0 0
