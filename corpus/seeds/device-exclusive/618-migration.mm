# rules: F3 O10
# Migration of a page that is exclusive to a device: the device loses it, and the page moves.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
rmap_walk p0 0 -> p0
migrate p0 0 l0 -> ok
migrate_copy l0 -> ok
dev_read d0 p0 0 -> EFAULT
migrate_end l0
get p0 0 r h0 nofault -> 1
put h0
read p0 0 -> b
