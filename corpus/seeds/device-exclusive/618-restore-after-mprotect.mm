# rules: O8
# Rights that were taken and given again: the restored entry may be written at once (H3).
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
mprotect p0 0+8 r
mprotect p0 0+8 rw
read p0 0 -> a
get p0 0 rw h0 nofault -> 1
write p0 0 b -> ok
read p0 0 -> b
