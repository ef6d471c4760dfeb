# rules: P1 P3
# A copy made for a pin has the content of its origin.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 a
fork p0 p1
pin p1 0 r h0
put h0
ksm p0 0 p1 0 -> ok
read p1 0 -> a
write p0 0 b
read p1 0 -> a
