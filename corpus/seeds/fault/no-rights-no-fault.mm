# rules: A11
# Access without the right is SIGSEGV before anything is allocated; on x86 a writable mapping is readable, too.
mmap p0 0+2 r
mmap p0 2+2 none
write p0 0 a -> SIGSEGV
read p0 2 -> SIGSEGV
write p0 2 a -> SIGSEGV
read p0 4 -> SIGSEGV     # no VMA
write p0 4 a -> SIGSEGV
read p0 0 -> 0
