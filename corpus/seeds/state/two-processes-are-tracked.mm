# rules: S10 S11 B7
# With two processes the mm-id slots know who maps a large folio: when one has gone the other reuses it.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
fail_alloc 1
write p0 0 b -> OOM  # shared
exit p0
fail_alloc 1
write p1 0 b -> ok
read p1 0 -> b
