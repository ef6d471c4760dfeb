# rules: H1
# A sealed VMA is EPERM, a hole ENOMEM; what lies below is changed already. Length 0 is fine.
mmap p0 0+2 rw
mmap p0 4+2 rw
mseal p0 4+2 -> ok
mprotect p0 0+4 r -> ENOMEM
write p0 0 a -> SIGSEGV
mprotect p0 4+1 r -> EPERM
write p0 4 a -> ok
mprotect p0 9+0 r -> ok
mprotect p0 2+1 r -> ENOMEM
