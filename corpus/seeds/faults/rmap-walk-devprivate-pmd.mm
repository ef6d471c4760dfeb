# rules: L7
config ptes=4 dev_thp=on
thp always=2
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
madvise p1 0+4 dontneed
write p1 0 b
dev_setup d0 p1 0+4 l0 system
dev_pages l0 device
dev_finalize l0
rmap_walk p0 0
