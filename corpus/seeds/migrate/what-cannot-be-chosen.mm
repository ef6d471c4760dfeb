# rules: F1
# The reasons not to begin, in their order.
mmap p0 0+4 rw
migrate p0 0 l0 -> ENOENT
read p0 0 -> 0
migrate p0 0 l0 -> EFAULT
write p0 1 a
fork p0 p1
migrate p0 1 l0 -> EACCES
exit p1
isolate p0 1 l1
migrate p0 1 l1 -> EBUSY
migrate p0 1 l0 -> EBUSY
drop l1
migrate p0 1 l0 -> ok
migrate p0 1 l0 -> EBUSY
