# rules: E17 E26
# swapoff brings pages back that nobody knows to be exclusive; a write finds it out.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
swap_out p0 2 -> ok
fork p0 p1
swapoff -> ok
write p0 1 c -> ok
read p1 1 -> a
munmap p1 0+4
fail_alloc 1
write p0 2 d -> ok
