# rules: I14 A7
# DONTNEED of a whole block frees its page table, so the next fault there may map a huge page.
mmap p0 0+16 rw
write p0 0 a
write p0 8 b
thp always=3
madvise p0 0+8 dontneed
write p0 3 c
lock p0 7 l0 -> ok
madvise p0 8+4 dontneed
write p0 9 d
lock p0 15 l1 -> EFAULT  # only part of the block: the table stayed
