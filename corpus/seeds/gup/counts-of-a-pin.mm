# rules: D7 S13 B6
# Each pin of a small folio adds the bias; dropping them all leaves a folio that can be reused.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 r h0
pin p0 0 rw h1
put h0
put h1
fork p0 p1
exit p1
fail_alloc 1
write p0 0 b -> ok
