# rules: G15 G16 G17
# khugepaged collapses a block with no more holes than it may fill, and finds it whole the next time.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
read p0 3 -> 0
khugepaged p0 5 none=5 swap=0 shared=0 -> ok
lock p0 0 l0 -> ok
lock p0 7 l1 -> EAGAIN                        # one folio
drop l0
read p0 2 -> c
read p0 7 -> 0
khugepaged p0 0 none=0 swap=0 shared=0 -> ok
