# rules: O2
# GUP-fast that reads the entry before it is converted looks again, or has its page in time: a pin is no obstacle.
mmap p0 0+8 rw
write p0 0 a
race pin p0 0 rw h0 at 1,2,3,4
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
read p0 0 -> b
put h0
race get p0 0 r h0 at 0,1,2,2
dev_exclusive d0 p0 0 l0 -> ok
drop l0
read p0 0 -> b
