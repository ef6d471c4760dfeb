# rules: E14 E2 E1
# When less than half of the slots are free, any fault frees the slot it comes from.
config swap=3
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
swap_out p0 0 -> ok
swap_out p0 1 -> ok
swap_out p0 2 -> ok
swap_out p0 3 -> EBUSY  # no slot
read p0 0 -> a          # nearly full: its slot is free now
swap_out p0 3 -> ok
read p0 3 -> d
read p0 1 -> b
