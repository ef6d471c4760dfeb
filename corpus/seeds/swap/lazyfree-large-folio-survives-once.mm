# rules: E9 E4 BT3
# One dirtied page saves the whole run; reclaim then swaps it like any other folio.
config ptes=8
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
madvise p0 0+4 free -> ok
write p0 2 d
swap_out p0 0 -> EBUSY
read p0 0 -> a
swap_out p0 0 -> ok
bad_slot p0 1 -> ok
read p0 2 -> d
