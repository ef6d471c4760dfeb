# rules: E1 G12 G10
# A partially mapped folio is split first: the pages nobody maps need no slot.
config ptes=4 swap=2
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
munmap p0 2+2 -> ok
swap_out p0 0 -> ok
swap_out p0 1 -> ok
read p0 0 -> a
read p0 1 -> b
