# rules: O1
# make_device_exclusive, FOLL_WRITE: what is shared is copied first.
mmap p0 0+8 rw
write p0 0 a
fork p0 p1
dev_exclusive d0 p1 0 l0 -> ok
drop l0
dev_write d0 p1 0 b
read p0 0 -> a
read p1 0 -> b
