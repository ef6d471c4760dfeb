# rules: O6 O11 O12
# Two devices want one page: the first is told by the fault, and the second has it; the same device again asks anew.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
dev_exclusive d1 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 c -> EFAULT
dev_read d1 p0 0 -> b
dev_exclusive d1 p0 0 l0 -> ok
drop l0
dev_write d1 p0 0 d
read p0 0 -> d
