# rules: N7 N9
# dev_thp: the device has no room for a whole block.
config dev_mem=7 dev_thp=on
mmap p0 0+8 rw
thp always=3
write p0 0 a
dev_setup d0 p0 0+8 l0 system -> 1
dev_pages l0 device -> 0
dev_finalize l0
read p0 0 -> a
