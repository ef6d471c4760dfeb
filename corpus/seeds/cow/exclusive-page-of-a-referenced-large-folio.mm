# rules: B3
# Exclusivity is per page and asked first: a reference elsewhere does not disturb an exclusive page.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 2+2 dontfork
fork p0 p1
get p0 0 r h0 -> 1
fail_alloc 1
write p0 3 b -> ok       # still exclusive and writable
fail_alloc 1
write p0 1 b -> OOM
