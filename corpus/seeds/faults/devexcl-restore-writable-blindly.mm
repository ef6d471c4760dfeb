# rules: O8
config ptes=4
mmap p0 0+1 rw
write p0 0 a
dev_exclusive d0 p0 0 l0
drop l0
mprotect p0 0+1 r
read p0 0
