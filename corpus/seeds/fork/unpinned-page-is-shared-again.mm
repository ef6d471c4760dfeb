# rules: C4 D13
# The test is for pins held now: after the last put the next fork shares the page.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
fork p0 p1
put h0
fork p0 p2
lock p0 0 l0
lock p2 0 l1 -> EAGAIN
lock p1 0 l1 -> ok
