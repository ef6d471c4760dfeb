# rules: G10 F9
# Pages that hold only zeros come back from a folio split as the zero page; the folio is not there any more for them.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+1 free
lock p0 0 l0 -> ok
lock p0 1 l1 -> EFAULT
lock p0 3 l1 -> EFAULT
read p0 1 -> 0
write p0 1 b
read p0 1 -> b
