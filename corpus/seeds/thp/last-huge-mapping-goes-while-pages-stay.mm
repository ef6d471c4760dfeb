# rules: G12 G2 I4
# When the last PMD mapping goes and some pages stay mapped by PTEs elsewhere, the folio is partially mapped.
mmap p0 0+8 rw
thp always=3
write p0 3 a
fork p0 p1
madvise p1 0+3 dontneed
madvise p0 0+8 dontneed
read p1 3 -> a
read p1 0 -> 0
read p0 3 -> 0
