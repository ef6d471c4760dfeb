# rules: O3
config ptes=4 soft_dirty=on
mmap p0 0+1 rw
write p0 0 a
dev_exclusive d0 p0 0 l0
