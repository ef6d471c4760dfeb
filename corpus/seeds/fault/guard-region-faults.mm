# rules: A5 I12
# A GUARD marker gives SIGSEGV to loads and stores and EFAULT to GUP; its removal leaves untouched memory.
mmap p0 0+8 rw
write p0 3 a
madvise p0 2+2 guard_install -> ok
read p0 3 -> SIGSEGV
write p0 2 b -> SIGSEGV
get p0 2 r h0 -> EFAULT
madvise p0 2+2 guard_remove -> ok
read p0 3 -> 0
