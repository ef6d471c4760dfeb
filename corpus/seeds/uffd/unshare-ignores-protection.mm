# rules: B1 B9
# A read-only pin unshares a protected page; the copy is protected, too.
mmap p0 0+4 rw
write p0 1 a
uffd_register p0 0+4 wp -> ok
uffd_wp p0 0+4 on -> ok
fork p0 p1
pin p0 1 r h0 -> 1
write p0 1 b -> SIGBUS
dma_read h0 0 -> a
put h0
exit p1
write p0 1 b -> SIGBUS
