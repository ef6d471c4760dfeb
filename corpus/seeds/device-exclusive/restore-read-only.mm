# rules: O8
# restore_exclusive_pte in a VMA that may not be written any more.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
mprotect p0 0+8 r
dev_write d0 p0 0 c -> EFAULT
write p0 0 c -> SIGSEGV
read p0 0 -> a
write p0 0 c -> SIGSEGV
mprotect p0 0+8 rw
get p0 0 rw h0 nofault -> 1
