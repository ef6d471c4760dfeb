# rules: O11
# mremap moves the entry; the device has to ask again.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
mremap p0 0+8 64+8 maymove fixed -> @64
dev_write d0 p0 0 c -> EFAULT
dev_write d0 p0 64 c -> EFAULT
get p0 64 r h0 nofault -> EFAULT
read p0 64 -> b
