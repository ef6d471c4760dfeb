# rules: N4
config ptes=4
mmap p0 0+1 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system
