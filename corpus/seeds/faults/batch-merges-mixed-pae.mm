# rules: H3 BT14 BT15
# A run whose first page is exclusive and whose others are shared becomes writable at its first page only.
mmap p0 0+4 rw
thp always=2
write p0 1 a
madvise p0 0+1 dontfork
fork p0 p1
madvise p0 0+1 dofork
mprotect p0 0+4 r
mprotect p0 0+4 rw
write p0 1 b
read p1 1 -> a
