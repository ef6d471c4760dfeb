# rules: C4 B3
# The child's write after fork stays out of the parent.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
write p1 0 b
read p0 0 -> a
