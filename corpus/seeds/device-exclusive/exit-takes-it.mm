# rules: O11 I13
# exit: the device is told, and the driver lets go of a page nobody has.
mmap p0 0+8 rw
write p0 0 a
fork p0 p1
dev_exclusive d0 p1 0 l0 -> ok
exit p1
dev_read d0 p1 0 -> ESRCH
drop l0 -> ok
fork p0 p1
dev_read d0 p1 0 -> EFAULT
read p1 0 -> a
