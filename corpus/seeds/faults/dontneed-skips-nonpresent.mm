# rules: I2
config ptes=4
mmap p0 0+1 rw
write p0 0 a
migrate p0 0 l0
madvise p0 0+1 dontneed_locked
