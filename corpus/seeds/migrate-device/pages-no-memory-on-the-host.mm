# rules: N7 N9
# On the way back an ordinary page that cannot be allocated leaves the page with the device.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_setup d0 p0 0+1 l0 private -> 1
fail_alloc 1
dev_pages l0 host -> 0
dev_finalize l0
dev_read d0 p0 0 -> a
read p0 0 -> a
