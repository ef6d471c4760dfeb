# rules: G2
# Splitting the PMD of a shared huge page makes no page exclusive.
mmap p0 0+8 rw
thp always=3
write p0 3 a
fork p0 p1
mprotect p0 7+1 r
write p0 3 b
read p1 3 -> a
