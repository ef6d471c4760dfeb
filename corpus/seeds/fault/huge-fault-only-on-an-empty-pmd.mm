# rules: A14
# Once a PTE table stands in the block the PMD path is never taken again by a fault.
mmap p0 0+16 rw
read p0 0 -> 0
thp always=3
write p0 5 a
lock p0 6 l0 -> EFAULT
write p0 8 b
lock p0 15 l0 -> ok     # the next block is empty
