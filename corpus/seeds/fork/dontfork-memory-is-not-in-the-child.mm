# rules: C2 I11
# A DONTFORK mapping does not exist in the child, and the parent's pages keep write bit and exclusivity.
mmap p0 0+4 rw
write p0 0 a
write p0 2 b
madvise p0 0+2 dontfork -> ok
fork p0 p1
read p1 0 -> SIGSEGV
read p1 2 -> b
lock p0 0 l0
fail_alloc 1
write p0 0 c -> ok
