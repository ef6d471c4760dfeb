# rules: E1 E11 E12 E15
# While its write is in flight a page can be mapped and changed; the slot gets what the page held when the write began.
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
swap_out p0 1 -> EBUSY     # under writeback
write p0 1 b -> ok
swap_out p0 1 l1 -> EBUSY
write_done l0 -> ok
write_done l0 -> EBADF
read p0 1 -> b
swap_out p0 1 -> ok        # dirty: it is written again
read p0 1 -> b
