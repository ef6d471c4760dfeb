# rules: N12 C12
# dev_thp: after a fork both processes have the block on the device, and neither for itself.
config dev_thp=on
mmap p0 0+8 rw
thp always=3
write p0 0 a
dev_setup d0 p0 0+8 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 1 b
fork p0 p1
dev_write d0 p0 1 c -> EFAULT
dev_read d0 p1 1 -> b
write p1 1 c
read p0 1 -> b
read p0 0 -> a
read p1 0 -> a
