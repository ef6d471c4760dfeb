# rules: O3 O8
# Soft-dirty goes into the entry and comes back.
config soft_dirty=on
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 1 l0 -> ok
drop l0
read p0 0 -> a
clear_refs p0
dev_write d0 p0 1 c -> EFAULT
read p0 1 -> b
