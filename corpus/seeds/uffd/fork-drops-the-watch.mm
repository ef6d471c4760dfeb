# rules: C2 C15 C21 H7
# A child is not watched, and nothing is protected there.
config uffd=unpopulated
mmap p0 0+8 rw
uffd_register p0 0+8 wp -> ok
write p0 1 a
write p0 2 b
read p0 4 -> 0
swap_out p0 2 -> ok
uffd_wp p0 0+8 on -> ok
fork p0 p1
uffd_wp p1 0+8 off -> ENOENT
write p1 1 c -> ok
write p1 2 c -> ok
write p1 3 c -> ok
write p1 4 c -> ok
write p0 1 d -> SIGBUS
write p0 2 d -> SIGBUS
write p0 3 d -> SIGBUS
