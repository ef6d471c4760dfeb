# rules: N13 N5 N9
# migrate_device_pfns: pages of a device by name, whoever maps them; what else is in the range is passed over.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 3 c
fork p0 p1
dev_setup d0 p0 0+3 l0 system -> 3
dev_pages l0 device -> 3
dev_finalize l0
dev_write d0 p0 2 d
dev_evict d1 p0 0+8 l0 -> 0
dev_finalize l0
dev_evict d0 p0 0+8 l0 -> 3
dev_write d0 p0 2 e -> EFAULT
dev_pages l0 host -> 3
dev_finalize l0
read p0 0 -> a
read p1 1 -> b
read p0 2 -> d
get p0 2 rw h0 nofault -> 1
read p0 3 -> c
