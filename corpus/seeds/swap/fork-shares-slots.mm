# rules: C10 E12 E13 E15 E16 E21 E22
# fork adds one to each slot; both sides read the same, and write on their own.
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
swap_out p0 2 -> ok
fork p0 p1
write p0 1 c -> ok
read p1 1 -> a
read p0 1 -> c
munmap p0 2+1 -> ok
read p1 2 -> b
write p1 2 d -> ok
read p1 2 -> d
