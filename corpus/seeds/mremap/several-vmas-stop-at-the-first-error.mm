# rules: J2
# What was moved before the error stays moved.
config ptes=4
mmap p0 0+2 rw
mmap p0 2+2 r
mmap p0 8+2 rw
mseal p0 2+2
write p0 0 a
write p0 8 b
mremap p0 0+4 20+4 maymove fixed -> EPERM
read p0 20 -> a
read p0 0 -> SIGSEGV
read p0 2 -> 0
mremap p0 6+4 20+4 maymove fixed -> EFAULT  # begins in a hole
read p0 20 -> a
