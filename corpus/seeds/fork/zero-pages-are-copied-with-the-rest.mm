# rules: C9 C21
# In a VMA that has an anon_vma zero page entries are copied, too: the child reads without a fault.
mmap p0 0+4 rw
write p0 0 a
read p0 1 -> 0
fork p0 p1
fail_alloc 1
read p1 1 -> 0
lock p1 1 l0 -> EFAULT
write p1 1 b
read p0 1 -> 0
