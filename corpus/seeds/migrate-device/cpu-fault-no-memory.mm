# rules: N12
# The driver has no page to bring it back to: SIGBUS, and the page stays with the device.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
fail_alloc 1
read p0 0 -> SIGBUS
fail_alloc 1
get p0 0 r h0 -> EFAULT
dev_write d0 p0 0 b -> ok
read p0 0 -> b
