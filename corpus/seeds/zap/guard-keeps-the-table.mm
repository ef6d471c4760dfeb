# rules: I3
# A guard left in the block keeps the table.
mmap p0 0+8 rw
write p0 0 a
madvise p0 7+1 guard_install
thp always=3
madvise p0 0+8 dontneed
madvise p0 7+1 guard_remove
write p0 3 b
lock p0 4 l0 -> EFAULT
