# rules: H6 N12
# mprotect takes the right to write from the device, and does not give it back.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b -> ok
mprotect p0 0+8 r
dev_write d0 p0 0 c -> EFAULT
dev_read d0 p0 0 -> b
mprotect p0 0+8 none
dev_read d0 p0 0 -> EFAULT
mprotect p0 0+8 rw
dev_write d0 p0 0 c -> EFAULT
write p0 0 c
read p0 0 -> c
