# rules: H6 E4 E15 H7
# A protected page is protected when it comes back; protection can change while it is out.
mmap p0 0+4 rw
uffd_register p0 0+4 wp -> ok
write p0 1 a
write p0 2 b
uffd_wp p0 1+1 on -> ok
swap_out p0 1 -> ok
swap_out p0 2 -> ok
uffd_wp p0 2+1 on -> ok
write p0 1 c -> SIGBUS
write p0 2 c -> SIGBUS
swap_out p0 1 -> ok
uffd_wp p0 0+4 off -> ok
write p0 1 c -> ok
write p0 2 d -> ok
