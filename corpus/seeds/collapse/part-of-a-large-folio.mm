# rules: G17 G12
# A large folio that another process still maps in part becomes partially mapped.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 3 b
fork p0 p1
madvise p1 0+1 dontneed
madvise p0 0+8 collapse -> ok
deferred_scan 1
read p1 3 -> b
lock p1 1 l0 -> EFAULT         # split by the scan: a page of zeroes
read p0 3 -> b
