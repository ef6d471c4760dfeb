# rules: J6
# A pin stays a pin of the same page, which its owner has elsewhere now.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
pin p0 1 rw h0 -> 1
mremap p0 0+4 20+4 maymove fixed -> @20
dma_write h0 0 b
read p0 21 -> b
write p0 21 c
dma_read h0 0 -> c
fork p0 p1
dma_write h0 0 d
read p1 21 -> c
read p0 21 -> d
