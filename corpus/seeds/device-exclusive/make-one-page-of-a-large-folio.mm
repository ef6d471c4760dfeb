# rules: O5
# make_device_exclusive, one PTE: the device has one page, the neighbours are not touched.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
dev_exclusive d0 p0 2 l0 -> ok
drop l0
dev_write d0 p0 2 e
get p0 1 rw h0 nofault -> 1
put h0
get p0 3 rw h0 nofault -> 1
put h0
dev_read d0 p0 1 -> EFAULT
read p0 0 -> a
read p0 2 -> e
