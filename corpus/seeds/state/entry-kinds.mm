# rules: S4
# NONE, the zero page, a page and a GUARD marker side by side.
mmap p0 0+4 rw
read p0 1 -> 0
write p0 2 a
madvise p0 3+1 guard_install
lock p0 0 l0 -> EFAULT
lock p0 1 l0 -> EFAULT
lock p0 2 l0 -> ok
lock p0 3 l1 -> EFAULT
read p0 3 -> SIGSEGV
