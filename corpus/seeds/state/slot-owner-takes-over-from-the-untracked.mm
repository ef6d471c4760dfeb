# rules: S10 B7
# When the untracked processes go first, the count of the last slot equals the total again and the folio counts as exclusive.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
fork p0 p2
exit p2
fail_alloc 1
write p0 0 b -> OOM
exit p1
fail_alloc 1
write p0 0 b -> ok
