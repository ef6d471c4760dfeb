# rules: I6 I8 B17
# After MADV_FREE the old content is there until memory is reclaimed; a write keeps the page for good.
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
madvise p0 0+2 free -> ok
read p0 0 -> a
fail_alloc 1
write p0 1 c -> ok         # writable still
read p0 1 -> c
