# rules: G3 G7 G9 I10 G8 F8
# The same for a huge page: PMD and folio are split at once.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 7 b
madvise p0 0+1 free -> ok
lock p0 0 l0
lock p0 7 l1 -> ok
read p0 0 -> a
fail_alloc 1
write p0 7 c -> ok
