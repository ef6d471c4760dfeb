# rules: G21 F6 F15
# A failure half way leaves the folio partially mapped and queued, though its owner unmapped nothing: the next migration splits it first.
mmap p0 0+8 rw
thp always=2
write p0 0 a
fork p0 p1
exit p1
pin p0 2 rw h0 -> 1
migrate p0 0 l0 all -> EAGAIN
put h0
write p0 1 b
migrate p0 0 l0 all -> ok
migrate_copy l0 -> ok
migrate_end l0
read p0 0 -> a
lock p0 0 l0
lock p0 1 l1 -> ok
