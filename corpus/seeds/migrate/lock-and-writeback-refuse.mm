# rules: F2
# A lock held by someone else and a write in flight end the attempt.
mmap p0 0+4 rw
write p0 0 a
lock p0 0 l0
migrate p0 0 l1 -> EAGAIN
drop l0
fork p0 p1
swap_out p0 0 l0 -> ok
read p1 0 -> a
migrate p1 0 l1 all -> EBUSY
write_done l0
migrate p1 0 l1 all -> ok
migrate_copy l1 -> ok
migrate_end l1
read p0 0 -> a
read p1 0 -> a
