# rules: B13 B15
# A PMD-mapped folio with one reference is reused as a whole.
mmap p0 0+8 rw
thp always=3
write p0 0 a
fork p0 p1
exit p1
fail_alloc 1
write p0 3 b -> ok
lock p0 0 l0
lock p0 7 l1 -> EAGAIN
fail_alloc 1
write p0 5 c -> ok      # the whole block is writable
