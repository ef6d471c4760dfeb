# rules: B1 H7 H3 D4
# Write protection: reads go on, writes are delivered, and resolving gives W back.
mmap p0 0+4 rw
uffd_register p0 0+4 wp -> ok
write p0 1 a
read p0 2 -> 0
uffd_wp p0 0+4 on -> ok
read p0 1 -> a
write p0 1 b -> SIGBUS
write p0 2 b -> SIGBUS
poke p0 1 b -> EFAULT
write p0 3 c -> ok             # it was empty: not protected
mprotect p0 0+4 r
poke p0 1 b -> EFAULT          # FOLL_FORCE, too
mprotect p0 0+4 rw
write p0 1 b -> SIGBUS         # H3: W does not come back
uffd_wp p0 0+4 off -> ok
fail_alloc 1
write p0 1 b -> ok
write p0 2 c -> ok
