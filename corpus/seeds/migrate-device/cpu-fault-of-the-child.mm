# rules: N5 N12 C12
# After a fork either process brings the page back for both.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
fork p0 p1
dev_write d0 p0 0 c -> EFAULT
dev_read d0 p0 0 -> b
dev_read d0 p1 0 -> b
read p1 0 -> b
dev_read d0 p0 0 -> EFAULT
write p0 0 c
read p1 0 -> b
