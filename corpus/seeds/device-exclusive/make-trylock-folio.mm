# rules: O1
# make_device_exclusive, folio_trylock fails (folio): EBUSY, and nothing changed.
config dev_exclusive=folio
mmap p0 0+8 rw
write p0 0 a
lock p0 0 l0 -> ok
dev_exclusive d0 p0 0 l1 -> EBUSY
write p0 0 b -> ok
drop l0
dev_exclusive d0 p0 0 l1 -> ok
drop l1
dev_read d0 p0 0 -> b
