# rules: N3 N7 N9
# A page that is the device's already may move within its memory.
config dev_mem=2
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
dev_setup d0 p0 0+1 l0 private -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 0 -> b
read p0 0 -> b
