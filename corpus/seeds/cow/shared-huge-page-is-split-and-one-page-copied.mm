# rules: B13 B9 G2
# A shared PMD-mapped folio is PTE-mapped by the writer, and only the page written is copied.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 4 b
fork p0 p1
write p0 0 c
lock p0 0 l0
lock p0 4 l1 -> ok
lock p1 4 l2 -> EAGAIN
read p1 0 -> a
read p0 4 -> b
