# rules: N12
# The NUMA scanner takes the right to write from the device, too.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
numa_hint p0 0+8
dev_write d0 p0 0 c -> EFAULT
write p0 0 c -> ok
read p0 0 -> c
