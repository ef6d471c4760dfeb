config ptes=4
mmap p0 0+2 rw
pin p0 0+2 rw h0
madvise p0 0+2 mergeable
fork p0 p1
ksm p1 0 p1 1
swap_out p1 0
write p1 0 a
