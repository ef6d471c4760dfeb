# rules: K7 K5 K3
# A shared leaf, a pinned one, one that is being migrated.
config ptes=4
mmap p0 0+8 rw
mmap p0 20+12 rw
thp always=2
write p0 0 a
write p0 4 b
thp never
uffd_register p0 20+12 missing
pin p0 0 rw h0 -> 1
uffd_move p0 0+4 20 -> EBUSY
put h0
lock p0 0 l0
uffd_move p0 0+4 20 -> EINTR
drop l0
migrate p0 4 l0 -> ok
uffd_move p0 4+4 20 -> EINTR
uffd_move p0 0+8 20 -> 4
migrate_end l0
uffd_register p0 0+8 missing
migrate p0 4 l0 -> ok
uffd_move p0 20+1 4 -> EINTR    # the destination is being migrated
migrate_end l0
fork p0 p1
uffd_move p0 4+4 28 -> EBUSY
uffd_move p0 4+1 28 -> EBUSY
read p0 4 -> b
