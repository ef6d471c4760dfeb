# rules: O11
# MADV_FREE, COLD, PAGEOUT and WILLNEED leave the device's page alone; FREE is an event to the device.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
madvise p0 0+8 cold
madvise p0 0+8 pageout
madvise p0 0+8 willneed
dev_write d0 p0 0 c
madvise p0 0+8 free
dev_read d0 p0 0 -> c
read p0 0 -> c
