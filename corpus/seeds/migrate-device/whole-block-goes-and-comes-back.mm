# rules: N4 N7 N9 N12
# dev_thp: a block that lies in the range goes to the device whole, with one word; a CPU brings it back whole.
config dev_thp=on
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 5 b
dev_setup d0 p0 0+8 l0 system -> 1
read p0 0 -> BLOCKED
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 5 -> b
dev_write d0 p0 6 c
read p0 6 -> c
dev_read d0 p0 5 -> EFAULT
read p0 0 -> a
read p0 5 -> b
lock p0 0 l0 -> ok
lock p0 7 l1 -> EAGAIN              # one folio
