# rules: A6 I11
# An order enabled under madvise needs VM_HUGEPAGE; NOHUGEPAGE forbids every order.
mmap p0 0+16 rw
thp madvise=2
write p0 0 a
lock p0 1 l0 -> EFAULT
madvise p0 0+8 hugepage
write p0 4 b
lock p0 7 l0 -> ok
thp always=2
madvise p0 8+8 nohugepage
write p0 8 c
lock p0 9 l1 -> EFAULT
