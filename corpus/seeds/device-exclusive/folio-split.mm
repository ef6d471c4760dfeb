# rules: O13
# Split of a folio of which a page is exclusive to a device: one reference too many (folio).
config dev_exclusive=folio
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
dev_exclusive d0 p0 1 l0 -> ok
drop l0
dev_write d0 p0 1 c
split p0 0 order=0 -> EAGAIN
read p0 1 -> c
write p0 1 d
read p0 1 -> d
