# rules: G20
# A folio can be mapped by PMD here and by PTEs there; nobody may write it in place.
mmap p0 0+8 rw
write p0 0 a
madvise p0 0+8 collapse -> ok
fork p0 p1
mprotect p1 0+1 r
write p0 0 b
read p1 0 -> a
write p1 1 c
read p0 1 -> 0
