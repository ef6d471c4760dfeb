# rules: C19 B6 B7 B13
# After the child's exit the parent writes a small page, a large folio and a huge page in place.
config ptes=8
mmap p0 0+24 rw
write p0 0 a
thp always=2
write p0 8 b
thp always=3
write p0 16 c
fork p0 p1
exit p1
fail_alloc 1
write p0 0 d -> ok
fail_alloc 1
write p0 8 e -> ok
fail_alloc 1
write p0 16 f -> ok
