# rules: O8 O15
# Rights that were taken and given again: mprotect made the entry readable (walk), and it is restored so.
config dev_exclusive=walk
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
mprotect p0 0+8 r
mprotect p0 0+8 rw
read p0 0 -> a
get p0 0 rw h0 nofault -> EFAULT
write p0 0 b -> ok
read p0 0 -> b
