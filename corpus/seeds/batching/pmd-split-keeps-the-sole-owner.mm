# rules: BT10 S10 B7
# A PMD split adds and removes its mappings at once: one owner before, one owner after, so the folio is reused.
mmap p0 0+8 rw
thp always=3
write p0 0 a
fork p0 p1
exit p1
mprotect p0 7+1 r
fail_alloc 1
write p0 0 b -> ok
