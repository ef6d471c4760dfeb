# rules: B3 D9
# The owner's own pin is no reason to copy: pin and page table stay with one page.
mmap p0 0+2 rw
write p0 0 a
pin p0 0 rw h0
mprotect p0 0+1 r
mprotect p0 0+1 rw
write p0 0 b
dma_read h0 0 -> b
write p0 1 a
fork p0 p1
exit p1
pin p0 1 r h1       # exclusive now, read-only still
write p0 1 c
dma_read h1 0 -> c
