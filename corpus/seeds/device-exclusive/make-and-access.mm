# rules: O1 O2 O3 O7 O8 O11
# make_device_exclusive: the device has the page for itself, until a CPU touches it.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
dev_read d0 p0 0 -> a
dev_write d0 p0 0 b
read p0 0 -> BLOCKED            # the driver holds the lock
drop l0
drop l0 -> EBADF
dev_write d0 p0 0 c
dev_read d1 p0 0 -> EFAULT
read p0 0 -> c
dev_read d0 p0 0 -> EFAULT
dev_write d0 p0 0 d -> EFAULT
write p0 0 d
