# rules: N9
# mremap between the phases: the device's page is found where the entry went.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
mremap p0 0+8 64+8 maymove fixed -> @64
dev_pages l0 device -> 1
mremap p0 64+8 128+8 maymove fixed -> @128
dev_finalize l0
dev_read d0 p0 128 -> a
dev_write d0 p0 128 b
mremap p0 128+8 0+8 maymove fixed -> @0
dev_read d0 p0 128 -> EFAULT
dev_read d0 p0 0 -> b
read p0 0 -> b
