# rules: C2 C3 C15 C21
# UFFD_FEATURE_EVENT_FORK: the child is watched and protected, even what has no anon_vma.
config uffd=unpopulated uffd_fork=on
mmap p0 0+8 rw
uffd_register p0 0+8 wp -> ok
read p0 4 -> 0
uffd_wp p0 0+8 on -> ok
fork p0 p1
write p1 4 c -> SIGBUS
write p1 3 c -> SIGBUS
uffd_wp p1 0+8 off -> ok
write p1 4 c -> ok
write p0 4 c -> SIGBUS
