# rules: C12 H6
# clear_refs clears the bit of a device's entry; mprotect and fork lose it.
config soft_dirty=on
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
dev_setup d0 p0 0+3 l0 system -> 3
dev_pages l0 device -> 3
dev_finalize l0
dev_write d0 p0 0 d
mprotect p0 1+1 r
clear_refs p0
dev_write d0 p0 0 e
fork p0 p1
read p0 0 -> e
read p1 2 -> c
