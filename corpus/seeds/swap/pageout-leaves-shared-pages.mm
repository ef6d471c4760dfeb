# rules: I9 I16 E25
# What others map, too, is left alone, as is a folio off the LRU or locked.
config ptes=4
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
thp always=2
write p0 4 c
fork p0 p1
madvise p0 0+8 pageout -> ok
bad_slot p0 0 -> EFAULT
exit p1
isolate p0 0 l0
lock p0 1 l1
madvise p0 0+8 pageout -> ok
bad_slot p0 0 -> EFAULT
bad_slot p0 1 -> EFAULT
bad_slot p0 4 -> ok
madvise p0 9+1 pageout -> ENOMEM
