# rules: O11
# Split of a folio of which a page is exclusive to a device: the page comes back, and may not be written at first.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
dev_exclusive d0 p0 1 l0 -> ok
drop l0
dev_write d0 p0 1 c
split p0 0 order=0 -> ok
read p0 1 -> c
write p0 1 d
read p0 1 -> d
