# rules: N7 N9
# A device that is full has no destination; what it gives back it can use again.
config dev_mem=2
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+4 l0 system -> 4
dev_pages l0 device -> 2
dev_finalize l0
dev_setup d0 p0 4+1 l0 system -> 1
dev_pages l0 device -> 0
dev_finalize l0
dev_setup d1 p0 4+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
munmap p0 0+1
dev_setup d0 p0 5+2 l0 system -> 2
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 5 b
read p0 5 -> b
read p0 4 -> 0
