# rules: D10 S1
# HAS_PINNED is set before the attempt, so even a failed pin leaves it; fork shares what is not pinned all the same.
mmap p0 0+1 rw
write p0 0 a
pin p0 5 rw h0 -> EFAULT
fork p0 p1
lock p0 0 l0
lock p1 0 l1 -> EAGAIN
