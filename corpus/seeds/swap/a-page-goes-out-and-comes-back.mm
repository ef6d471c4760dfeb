# rules: S15 E2 E3 E4 E11 E12 E13 E15 E16
# A private page is written to a slot, and comes back exclusive and writable, though it was only read.
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
peek p0 1 -> a
lock p0 1 l0 -> ok   # the folio that came back
drop l0
read p0 1 -> a
fail_alloc 1
write p0 1 b -> ok   # no fault: the entry is writable
read p0 1 -> b
