# rules: I2 O13
# An entry that is no mapping is zapped (walk): its reference goes.
config dev_exclusive=walk
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 1 l0 -> ok
drop l0
madvise p0 0+1 dontneed
dev_write d0 p0 0 c -> EFAULT
read p0 0 -> 0
exit p0
