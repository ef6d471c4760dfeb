# rules: P1 G9
# A large folio is split first; its other pages are single pages then.
mmap p0 0+8 rw
madvise p0 0+8 mergeable
thp always=3
write p0 0 a
write p0 1 b
fork p0 p1
pin p1 0 r h0
put h0
ksm p0 0 p1 0 -> ok
lock p0 0 l0
lock p0 1 l1 -> ok
read p0 1 -> b
