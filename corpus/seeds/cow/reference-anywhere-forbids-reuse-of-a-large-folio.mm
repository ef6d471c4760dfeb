# rules: B8 B7
# The reference test is for the whole folio: a reference to page 2 forces a copy of page 0.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
exit p1
get p0 2 r h0 -> 1
fail_alloc 1
write p0 0 b -> OOM
put h0
fail_alloc 1
write p0 0 b -> ok
