# rules: B14 B10 G4
# Without memory for the large folio the huge zero page becomes small zero pages, and one of them is replaced.
mmap p0 0+8 rw
thp always=3
read p0 1 -> 0
fail_alloc 1
write p0 3 a -> ok
lock p0 3 l0 -> ok
lock p0 2 l1 -> EFAULT
read p0 2 -> 0
