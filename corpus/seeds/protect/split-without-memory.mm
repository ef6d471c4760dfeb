# rules: H1 L11 L2
# A VMA that cannot be split for want of memory is ENOMEM and keeps its rights.
mmap p0 0+4 rw
write p0 0 a
fail_alloc 1
mprotect p0 0+2 r -> ENOMEM
fail_alloc 2
mprotect p0 0+2 r -> ENOMEM
write p0 0 b -> ok
mprotect p0 0+2 r -> ok
write p0 0 c -> SIGSEGV
