# rules: H10 H4 INV3
# mprotect never clears exclusivity: the pin and its owner see each other before and after.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
mprotect p0 0+1 none
dma_write h0 0 b
mprotect p0 0+1 r
read p0 0 -> b
mprotect p0 0+1 rw
write p0 0 c
dma_read h0 0 -> c
