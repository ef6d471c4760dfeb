# rules: N12
# A CPU that finds the device's page locked tries for ever.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
lock p0 0 l0 -> ok
read p0 0 -> BLOCKED
get p0 0 r h0 -> EINTR
dev_read d0 p0 0 -> a
drop l0
read p0 0 -> a
