# rules: H12
# That populate may fail without a word: the rights are changed, the page comes at the next write.
mmap p0 0+2 r
poke p0 1 a
mlock p0 0+2
fail_alloc 1
mprotect p0 0+2 rw -> ok
lock p0 0 l0 -> EFAULT
write p0 0 b -> ok
read p0 1 -> a
