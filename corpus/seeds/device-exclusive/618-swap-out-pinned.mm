# rules: E1 O4
# A page that is exclusive to a device may be pinned; reclaim leaves it, as any pinned page, with the device.
mmap p0 0+8 rw
write p0 0 a
pin p0 0 rw h0 -> 1
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
dma_read h0 0 -> b
swap_out p0 0 -> EBUSY
dma_write h0 0 c
read p0 0 -> c
