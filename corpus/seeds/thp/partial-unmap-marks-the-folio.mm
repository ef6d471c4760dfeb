# rules: G12 I1
# A page of the folio goes while others stay mapped: the folio becomes partially mapped, its other pages work on.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 3 b
madvise p0 1+2 dontneed
read p0 1 -> 0
fail_alloc 1
write p0 3 c -> ok
madvise p0 0+4 dontneed  # the rest
read p0 3 -> 0
