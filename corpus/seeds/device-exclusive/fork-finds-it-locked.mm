# rules: C13 O14
# A page whose lock somebody holds fails the fork; what came before it stays given back.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 1 l0 -> ok
dev_exclusive d0 p0 2 l1 -> ok
drop l1
fork p0 p1 -> ENOMEM
read p1 0 -> ESRCH
get p0 0 r h0 nofault -> 1
get p0 2 r h1 nofault -> EFAULT
dev_write d0 p0 2 d -> EFAULT    # but the fork had told the device of all of it
drop l0
fork p0 p1 -> ok
read p1 2 -> c
