# rules: E11 E12
# A page of zeroes needs no IO, so no token, and no readable slot.
mmap p0 0+4 rw
write p0 1 a
write p0 1 0
swap_out p0 1 l0 -> ok
bad_slot p0 1 -> ok
write_done l0 -> EBADF  # no write is in flight
read p0 1 -> 0
