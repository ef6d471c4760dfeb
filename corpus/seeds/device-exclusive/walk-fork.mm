# rules: C13 O8
# fork converts the entry back in the parent (walk).
config dev_exclusive=walk
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
fork p0 p1
dev_write d0 p0 0 c -> EFAULT
read p1 0 -> b
write p0 0 d
read p1 0 -> b
read p0 0 -> d
