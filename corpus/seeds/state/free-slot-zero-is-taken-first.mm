# rules: S10 B7
# When the first process has gone its slot is free, and the next process takes it, before slot 1 would be looked at.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
exit p0
fork p1 p2
exit p1
fail_alloc 1
write p2 0 b -> ok
