# rules: B7 B9
# Of a large folio with one mapping left the page is copied, never reused.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 1+3 dontneed
fork p0 p1
exit p1
fail_alloc 1
write p0 0 b -> OOM
write p0 0 b -> ok
read p0 0 -> b
