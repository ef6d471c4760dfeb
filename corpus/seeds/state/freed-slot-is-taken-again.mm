# rules: S10 B7
# A slot that was freed serves the next process, so a later child is tracked and its end noticed.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
exit p1
fork p0 p2
fork p0 p3
exit p3
exit p2
fail_alloc 1
write p0 1 b -> ok
