# rules: G13 G14
# A huge page that is fully mapped is never underused here: it leaves the queue for good.
mmap p0 0+8 rw
thp always=3
write p0 0 a
deferred_scan 4
deferred_scan 4
lock p0 0 l0
lock p0 7 l1 -> EAGAIN
