# rules: G12 C4
# A page counts as gone only when no process maps it: while the child has all pages nothing is partially mapped.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
madvise p0 0+2 dontneed
madvise p1 0+1 dontneed
read p1 0 -> 0
read p1 1 -> 0
read p0 0 -> 0
