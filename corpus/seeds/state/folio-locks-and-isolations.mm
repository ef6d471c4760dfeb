# rules: S6 S12
# A folio is locked once and isolated once; a small page and any page of a large folio name the whole folio.
mmap p0 0+8 rw
thp always=2
write p0 0 a
lock p0 1 l0 -> ok
lock p0 1 l0 -> EBUSY
lock p0 2 l1 -> EAGAIN
isolate p0 3 l1 -> ok
isolate p0 0 l2 -> EAGAIN
drop l1 -> ok
drop l1 -> EBADF
isolate p0 0 l2 -> ok
drop l0
drop l2
