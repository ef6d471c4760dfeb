# rules: O11
# mprotect leaves the entry as it is, and tells the device.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
mprotect p0 0+8 rw
dev_write d0 p0 0 b -> ok        # the rights are what they were: no event
mprotect p0 4+4 r
dev_write d0 p0 0 c -> ok        # elsewhere
mprotect p0 0+4 r
dev_read d0 p0 0 -> EFAULT
get p0 0 r h0 nofault -> EFAULT
read p0 0 -> c
