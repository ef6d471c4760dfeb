# rules: G10 F9 Z2
# In a LOCKED VMA a zero-filled page stays a page of its own.
mmap p0 0+4 rw
thp always=2
write p0 0 a
mlock p0 0+2
madvise p0 2+1 free
lock p0 1 l0 -> ok
lock p0 3 l1 -> EFAULT
