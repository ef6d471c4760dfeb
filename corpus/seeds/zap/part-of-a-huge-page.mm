# rules: I4 G2 G5
# Part of a huge page: split, then page by page.
mmap p0 0+8 rw
thp always=3
write p0 1 a
write p0 6 b
madvise p0 0+4 dontneed
read p0 1 -> 0
fail_alloc 1
write p0 6 c -> ok
