# rules: O1 N12
# A page in a device's memory is brought back before it can be exclusive to another.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
dev_exclusive d1 p0 0 l0 -> ok
drop l0
dev_read d0 p0 0 -> EFAULT
dev_write d1 p0 0 c
read p0 0 -> c
