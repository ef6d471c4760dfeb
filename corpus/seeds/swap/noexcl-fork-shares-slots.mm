# rules: E26 E27 C10
# fork of a SWAP entry has no bit to take away; each process finds out for itself.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
fork p0 p1
write p0 1 b -> ok
read p1 1 -> a
exit p0
fail_alloc 1
write p1 1 c -> ok
read p1 1 -> c
