# rules: E5
# Reclaim of a page that is exclusive to a device: it goes, with its exclusivity.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
swap_out p0 0 -> ok
dev_write d0 p0 0 c -> EFAULT
read p0 0 -> b
get p0 0 rw h0 nofault -> 1
