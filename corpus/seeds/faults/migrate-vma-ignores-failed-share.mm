# rules: N4
config ptes=4
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
dev_setup d0 p0 0+1 l0 system
dev_pages l0 device
dev_finalize l0
dma_write h0 0 b
read p0 0
