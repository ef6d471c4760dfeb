# rules: K8 K12
# A SWAP entry moves as it is, if it is exclusive; a page of it in the cache goes with it, unless it is large.
config ptes=4
mmap p0 0+8 rw
mmap p0 20+8 rw
uffd_register p0 20+8 missing
write p0 0 a
write p0 1 b
write p0 2 c
swap_out p0 0 -> ok
swap_out p0 1 -> ok
swap_out p0 2 -> ok
madvise p0 1+1 willneed
uffd_move p0 0+1 20 -> 1
lock p0 1 l0 -> ok
uffd_move p0 1+1 21 -> EINTR
drop l0
uffd_move p0 1+1 21 -> 1
read p0 20 -> a
read p0 21 -> b
write p0 21 d -> ok
fork p0 p1
uffd_move p0 2+1 22 -> EBUSY
exit p1
thp always=2
write p0 4 e
swap_out p0 4 l0 -> ok
uffd_move p0 4+1 24 -> EBUSY
write_done l0
