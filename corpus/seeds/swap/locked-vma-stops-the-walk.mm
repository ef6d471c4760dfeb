# rules: E3 E6
# A large folio that is only partly in a LOCKED VMA is not mlocked; reclaim stops at that VMA.
config ptes=4
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 3 d
mlock p0 2+2 -> ok
swap_out p0 0 -> EBUSY
munlock p0 0+4 -> ok
swap_out p0 0 -> ok
read p0 0 -> a
read p0 1 -> b
read p0 3 -> d
