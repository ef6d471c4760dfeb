# rules: G4 G5
# The huge zero page splits into small zero pages; no folio appears.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
mprotect p0 7+1 r
lock p0 0 l0 -> EFAULT
write p0 2 a
lock p0 2 l0 -> ok
lock p0 3 l1 -> EFAULT
