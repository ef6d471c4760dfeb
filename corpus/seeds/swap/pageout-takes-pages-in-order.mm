# rules: I16 E1 E25
# MADV_PAGEOUT: ascending; of a folio that must be split the head first, then from the highest down.
config ptes=4 swap=3
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
madvise p0 0+4 pageout -> ok  # 0, 3, 2; no slot is left for 1
bad_slot p0 0 -> ok
bad_slot p0 1 -> EFAULT
bad_slot p0 2 -> ok
bad_slot p0 3 -> ok
read p0 1 -> b
