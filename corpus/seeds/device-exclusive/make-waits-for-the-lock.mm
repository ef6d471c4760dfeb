# rules: O1
# make_device_exclusive, folio_lock_killable: the newest kernel waits.
mmap p0 0+8 rw
write p0 0 a
lock p0 0 l0 -> ok
dev_exclusive d0 p0 0 l1 -> EINTR
write p0 0 b -> ok
drop l0
dev_exclusive d0 p0 0 l1 -> ok
