# rules: P7 E4 P3
# From the swap cache a KSM page comes back as one; read past it, it is an ordinary page.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 a
fork p0 p1
pin p1 0 r h0
put h0
ksm p0 0 p1 0 -> ok
swap_out p0 0 l0 -> ok
read p0 0 -> a
lock p0 0 l1
lock p1 0 l2 -> EAGAIN    # one folio, cached for the other
drop l1
write p0 0 b
write_done l0
read p1 0 -> a
