# rules: E1 G9
# No run of slots for the whole: the folio is split, and the page named goes out.
config ptes=4 swap=3
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
swap_out p0 2 -> ok
lock p0 0 l0
swap_out p0 1 -> ok   # a folio of its own
read p0 2 -> c
read p0 1 -> b
read p0 0 -> a
read p0 3 -> d
