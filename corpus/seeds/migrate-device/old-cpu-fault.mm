# rules: N12 N15
# MIGDEV_OLD: the fault neither locks the page nor takes a reference before it calls the driver.
config migdev_old=on
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
lock p0 0 l0 -> ok
read p0 0 -> BLOCKED
drop l0
read p0 0 -> b
