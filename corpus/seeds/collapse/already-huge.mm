# rules: G24
# A leaf, the huge zero page and a huge page under migration count as success.
mmap p0 0+24 rw
thp always=3
write p0 0 a
read p0 8 -> 0
write p0 16 b
migrate p0 16 l0 -> ok
fail_alloc 1
madvise p0 0+24 collapse -> ok
migrate_end l0
read p0 16 -> b
