# rules: E12 E13 E16 E18
# On a synchronous device the page of a sole owner is never in the swap cache, and always exclusive.
config swap_device=zram
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
swap_out p0 1 l0 -> ok   # ends at once
write_done l0 -> EBADF
exit p1
read p0 1 -> a           # the entry was not exclusive, the page is
fail_alloc 1
write p0 1 b -> ok
read p0 1 -> b
