# rules: F3 F8 G21 L17
# The entries of a large folio are taken down one by one; on success nothing of it is remembered.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 3 b
fork p0 p1
migrate p0 1 l0 all -> ok
migrate_copy l0 -> ok
migrate_end l0
read p1 3 -> b
write p0 0 c
read p1 0 -> a
deferred_scan 8
lock p0 1 l0
lock p0 2 l1 -> EAGAIN
