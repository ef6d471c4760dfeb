# rules: O1 O12
# The second device finds the page locked by the first.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
dev_exclusive d1 p0 0 l1 -> EINTR
dev_write d0 p0 0 b -> ok
drop l0
dev_exclusive d1 p0 0 l1 -> ok
dev_read d1 p0 0 -> b
