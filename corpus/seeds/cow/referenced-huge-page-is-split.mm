# rules: B13 B7
# A reference to any page of it keeps a huge page from being reused, at either level.
mmap p0 0+8 rw
thp always=3
write p0 0 a
fork p0 p1
exit p1
get p0 5 r h0 -> 1
fail_alloc 1
write p0 0 b -> OOM  # split, then a copy that fails
put h0
fail_alloc 1
write p0 0 b -> ok   # reused as one page of a PTE-mapped folio
