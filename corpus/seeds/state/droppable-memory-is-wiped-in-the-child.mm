# rules: Z6 C2 I11
# A droppable mapping reads zero in the child, cannot be told otherwise, and is never mlocked.
mmap p0 0+2 rw droppable
write p0 0 a
madvise p0 0+2 keeponfork -> EINVAL
mlock p0 0+2 -> ok
madvise p0 1+1 dontneed -> ok
fork p0 p1
read p1 0 -> 0
read p0 0 -> a
