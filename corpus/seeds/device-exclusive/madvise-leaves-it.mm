# rules: O11
# MADV_FREE, COLD, PAGEOUT and WILLNEED leave the entry; FREE is an event to the device.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
madvise p0 0+8 cold
madvise p0 0+8 pageout
madvise p0 0+8 willneed
dev_write d0 p0 0 c -> ok
madvise p0 0+8 free
dev_write d0 p0 0 d -> EFAULT
get p0 0 r h0 nofault -> EFAULT
read p0 0 -> c
