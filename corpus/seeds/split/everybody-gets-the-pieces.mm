# rules: G8 G9 F8 L7
# A folio mapped by PMD in one process and by PTEs in another is split in both.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 5 b
fork p0 p1
mprotect p1 0+1 r
split p0 0 order=0 -> ok
read p1 5 -> b
write p1 5 c
read p0 5 -> b
exit p1
write p0 0 d
read p0 0 -> d
