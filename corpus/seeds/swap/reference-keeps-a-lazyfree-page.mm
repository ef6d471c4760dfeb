# rules: E9 E7
# Somebody refers to it: the mapping stays, be it a PTE or a leaf.
config ptes=4
mmap p0 0+8 rw
write p0 1 a
thp always=2
write p0 4 b
madvise p0 0+8 free -> ok
get p0 1 r h0 -> 1
get p0 4 r h1 -> 1
swap_out p0 1 -> EBUSY
swap_out p0 4 -> EBUSY
read p0 1 -> a
read p0 5 -> 0
put h0
put h1
swap_out p0 1 -> ok
swap_out p0 4 -> ok
read p0 1 -> 0
read p0 4 -> 0
