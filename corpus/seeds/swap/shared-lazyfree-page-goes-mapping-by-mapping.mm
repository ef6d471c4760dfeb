# rules: E9 E6 I7
# The parent gave the page up, the child's entry is still dirty: the parent's mapping is looked at first and dropped, then the folio is an ordinary one again.
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
madvise p0 1+1 free -> ok
swap_out p0 1 -> EBUSY
read p0 1 -> 0
read p1 1 -> a
swap_out p1 1 -> ok
read p1 1 -> a
