# rules: C1 C4 C17
# The child has the parent's memory as it was at the fork, and each side's later writes stay its own.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
fork p0 p1 -> ok
write p0 1 c
write p1 0 d
read p1 1 -> b
read p0 0 -> a
fork p0 p1 -> EEXIST
