# rules: N17 I2
# munmap, MADV_DONTNEED and a guard region free the device's page.
config dev_mem=3
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+3 l0 system -> 3
dev_pages l0 device -> 3
dev_finalize l0
dev_write d0 p0 0 b
dev_write d0 p0 1 b
dev_write d0 p0 2 b
munmap p0 0+1
madvise p0 1+1 dontneed
madvise p0 2+1 guard_install
dev_read d0 p0 0 -> EFAULT
dev_read d0 p0 1 -> EFAULT
dev_read d0 p0 2 -> EFAULT
read p0 1 -> 0
dev_setup d0 p0 3+3 l0 system -> 3
dev_pages l0 device -> 3
dev_finalize l0
