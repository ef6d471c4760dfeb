# rules: E19 E14 E15 BT6
# While a large folio is in the swap cache one fault maps all of it, unless its entries are not all there.
config ptes=4
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
swap_out p0 0 l0 -> ok
write_done l0 -> ok
write p0 1 c -> ok
fail_alloc 1
write p0 0 d -> ok       # mapped by the fault before
swap_out p0 0 l0 -> ok
write_done l0 -> ok
madvise p0 3+1 dontneed
read p0 1 -> c
read p0 0 -> d
read p0 3 -> 0
