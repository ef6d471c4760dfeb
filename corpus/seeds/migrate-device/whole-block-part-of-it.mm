# rules: N3
# dev_thp: a block that lies only partly in the range is split.
config dev_thp=on
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 5 b
dev_setup d0 p0 4+4 l0 system -> 4
dev_pages l0 device -> 4
dev_finalize l0
dev_read d0 p0 5 -> b
read p0 0 -> a
read p0 5 -> b
