# rules: K5
# It is page 0 of a large folio that is asked whether it is exclusive, whichever page is to move.
config ptes=8
mmap p0 0+8 rw
mmap p0 20+8 rw
uffd_register p0 20+8 missing
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
madvise p0 1+1 dontfork
fork p0 p1
exit p1
uffd_move p0 1+1 20 -> EBUSY   # page 0 was shared
madvise p0 1+1 dofork
thp never
munmap p0 0+8
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
madvise p0 0+1 dontfork
fork p0 p1
exit p1
uffd_move p0 1+1 20 -> EBUSY   # page 1 was; the folio has been split
lock p0 0 l0 -> ok
lock p0 1 l1 -> ok
