# rules: B7 S10
# A child that kept one page of the folio keeps the whole folio shared.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
munmap p1 0+3
fail_alloc 1
write p0 0 b -> OOM  # page 0 has one mapping, the folio has two owners
munmap p1 3+1
fail_alloc 1
write p0 0 b -> ok
