# rules: H8
# The huge zero page follows the protection and never becomes writable.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
mprotect p0 0+8 r
mprotect p0 0+8 rw
read p0 3 -> 0
write p0 3 a
fork p0 p1
read p1 0 -> 0
read p1 3 -> a
