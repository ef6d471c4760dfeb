# rules: O3 O5
# make_device_exclusive, folio walk: one PTE of the folio, as seed 004 has it.
config dev_exclusive=folio
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
dev_exclusive d0 p0 1 l0 -> ok
drop l0
get p0 2 rw h0 nofault -> 1
put h0
dev_exclusive d0 p0 2 l0 -> ok  # another page of the same folio
drop l0
dev_write d0 p0 1 d
dev_write d0 p0 2 e
read p0 1 -> d
read p0 2 -> e
