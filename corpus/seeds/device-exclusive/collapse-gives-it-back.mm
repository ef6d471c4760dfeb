# rules: N17 O7 G15
# A collapse faults the page in first.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 c
madvise p0 0+8 collapse -> ok
dev_write d0 p0 0 d -> EFAULT
read p0 0 -> c
