# rules: B10 INV7
# Writing where the zero page is mapped leaves everybody else's untouched memory zero.
mmap p0 0+8 rw
read p0 0 -> 0
write p0 0 a
read p0 7 -> 0
mmap p0 10+1 rw
read p0 10 -> 0
