# rules: O4 O15
# page_make_device_exclusive_one, in each process that maps the folio: what was not writable becomes readable exclusive.
config dev_exclusive=walk
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 3 b
madvise p0 0+2 dontfork
fork p0 p1
dev_exclusive d0 p0 0 l0 -> ok
drop l0
get p1 3 r h0 nofault -> EFAULT
get p0 3 r h0 nofault -> EFAULT
dev_write d0 p0 0 c
read p1 3 -> b
write p0 3 d
read p1 3 -> b
read p0 0 -> c
