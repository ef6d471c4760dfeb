# rules: N9 H5
# mprotect between setup and end: the device may read only.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
mprotect p0 0+8 r
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b -> EFAULT
dev_read d0 p0 0 -> a
write p0 0 b -> SIGSEGV
mprotect p0 0+8 rw
write p0 0 b -> ok
read p0 0 -> b
