# rules: N12
# A CPU access brings the device's page back, with all the device wrote.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_setup d0 p0 0+2 l0 system -> 2
dev_pages l0 device -> 2
dev_finalize l0
dev_write d0 p0 0 c
read p0 0 -> c
write p0 1 d
read p0 1 -> d
dev_write d0 p0 0 e -> EFAULT
dev_write d0 p0 1 e -> EFAULT
