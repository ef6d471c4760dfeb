# rules: O2 O3
# make_device_exclusive, folio walk: nobody else is touched.
config dev_exclusive=folio
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 3 b
madvise p0 0+2 dontfork
fork p0 p1
dev_exclusive d0 p0 0 l0 -> ok
drop l0
get p1 3 r h0 nofault -> 1
get p0 3 r h1 nofault -> 1
dev_write d0 p0 0 c
read p0 0 -> c
