# rules: N3 N15
# MIGDEV_OLD: a block is split, as ever.
config migdev_old=on
mmap p0 0+8 rw
thp always=3
write p0 0 a
dev_setup d0 p0 0+8 l0 system -> 8
dev_pages l0 device -> 8
dev_finalize l0
dev_read d0 p0 0 -> a
read p0 0 -> a
