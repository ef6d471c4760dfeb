# rules: I1 L11 L2
# munmap in the middle splits at both ends; a failing split is ENOMEM and unmaps nothing.
mmap p0 0+6 rw
write p0 2 a
fail_alloc 3
munmap p0 2+2 -> ENOMEM  # the first split succeeds, the second has no VMA
read p0 2 -> a
munmap p0 2+2 -> ok
read p0 2 -> SIGSEGV
read p0 4 -> 0
munmap p0 0+0 -> EINVAL
