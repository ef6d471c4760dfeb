# rules: B13 H7 H8 G2 G4
# A protected leaf stays whole until a part of it is resolved.
config ptes=4
mmap p0 0+8 rw
thp always=2
write p0 0 a
read p0 4 -> 0
uffd_register p0 0+8 wp -> ok
uffd_wp p0 0+8 on -> ok
write p0 1 b -> SIGBUS
write p0 5 b -> SIGBUS
uffd_wp p0 1+1 off -> ok
write p0 1 b -> ok
write p0 2 b -> SIGBUS
uffd_wp p0 5+1 off -> ok
write p0 5 c -> ok
write p0 6 c -> SIGBUS
read p0 0 -> a
