# rules: E27 B9
# Another reference to the cached page: a write that brings it back is not exclusive, and copies.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
swap_out p0 1 -> ok
read p1 1 -> a
write p0 1 b -> ok
read p1 1 -> a
read p0 1 -> b
