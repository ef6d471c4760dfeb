# rules: I2 N17
# munmap, MADV_DONTNEED and a guard region take the page from the device.
mmap p0 0+8 rw
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 1 l0 -> ok
drop l0
dev_exclusive d0 p0 2 l0 -> ok
drop l0
dev_exclusive d0 p0 3 l0 -> ok
munmap p0 0+1
madvise p0 1+1 dontneed
madvise p0 2+1 guard_install
madvise p0 3+1 dontneed
dev_write d0 p0 0 a -> EFAULT
dev_write d0 p0 1 a -> EFAULT
dev_write d0 p0 2 a -> EFAULT
dev_write d0 p0 3 a -> EFAULT
drop l0 -> ok
read p0 1 -> 0
read p0 3 -> 0
