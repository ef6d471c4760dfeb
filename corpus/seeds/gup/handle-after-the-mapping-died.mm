# rules: D13 D9 I15
# A handle keeps its page whatever becomes of the mapping; new memory there is another page.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
munmap p0 0+1
dma_read h0 0 -> a
mmap p0 0+1 rw
read p0 0 -> 0
dma_write h0 0 b
read p0 0 -> 0
dma_read h0 0 -> b
put h0
