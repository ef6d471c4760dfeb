# rules: G10 G12
# Pages of the folio that nothing maps any more go with the split; what is mapped elsewhere in the VMA stays.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 3 d
madvise p0 3+1 dontneed
madvise p0 0+1 free
read p0 3 -> 0
lock p0 0 l0
lock p0 1 l1 -> ok
read p0 1 -> b
