# rules: J16
# The destination and the tail go first, and do not come back.
config ptes=4
mmap p0 0+4 rw
mmap p0 20+4 rw
write p0 1 a
write p0 3 b
write p0 20 c
fail_alloc 5
mremap p0 0+4 20+2 maymove fixed -> ENOMEM
read p0 20 -> SIGSEGV
read p0 22 -> 0
read p0 3 -> SIGSEGV
read p0 1 -> a
mmap p0 40+4 rw
mseal p0 42+1
mremap p0 0+2 41+2 maymove fixed -> EPERM    # a sealed VMA there: nothing is unmapped
read p0 42 -> 0
mremap p0 0+66 30+2 maymove fixed -> EINVAL  # a tail beyond the address space
