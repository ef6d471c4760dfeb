# rules: N9 N14 C11
# A fork between setup and end: both processes have the device's page, and neither has it for itself.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
fork p0 p1
dev_pages l0 device -> 1
fork p0 p2
dev_finalize l0
rmap_walk p0 0 -> p0,p1,p2
dev_write d0 p0 0 b -> EFAULT
write p0 0 b
read p1 0 -> a
read p2 0 -> a
