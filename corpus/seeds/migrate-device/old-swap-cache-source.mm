# rules: N15 N7
# MIGDEV_OLD: a page in the swap cache never goes to the device.
config migdev_old=on
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 l0 -> ok
write_done l0
read p0 0 -> a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 0
dev_finalize l0
dev_read d0 p0 0 -> EFAULT
read p0 0 -> a
