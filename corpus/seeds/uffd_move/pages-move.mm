# rules: K5 K10 K12
# A page goes over with its content, writable; the source is empty then.
config ptes=4 soft_dirty=on
mmap p0 0+4 rw
mmap p0 20+4 rw
uffd_register p0 20+4 both
write p0 0 a
write p0 1 b
uffd_move p0 0+2 20 -> 2
read p0 20 -> a
write p0 21 c -> ok
read p0 0 -> 0
read p0 21 -> c
rmap_walk p0 20 -> p0
swap_out p0 20 -> ok
read p0 20 -> a
fork p0 p1
read p1 21 -> c
