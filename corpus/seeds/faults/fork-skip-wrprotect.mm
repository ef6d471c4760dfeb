# rules: C4
# The parent's write after fork stays out of the child.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
write p0 0 b
read p1 0 -> a
